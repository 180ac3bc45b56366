/** Turns the data of one version of an event into that of the next. Pure; throws on nothing that was ever valid. */
export interface Upcaster {
  readonly type: string;
  /** The version that it takes; it gives `from + 1`. */
  readonly from: number;
  up(data: object): object;
}

/**
 * Links upcasters into a function that lifts data of any recorded version to the newest. Data of a version without an upcaster comes
 * back as it is, the same object. Throws RangeError if two upcasters take the same version of a type.
 */
export const upcasterChain = (upcasters: readonly Upcaster[]): ((type: string, version: number, data: object) => object) => {
  const steps = new Map<string, Upcaster>();
  for (const upcaster of upcasters) {
    const key = `${upcaster.type}.v${upcaster.from}`;
    if (steps.has(key)) throw new RangeError(`Two upcasters take ${key}: keep one`);
    steps.set(key, upcaster);
  }
  if (steps.size === 0) return (_type, _version, data) => data;
  return (type, version, data) => {
    let current = data;
    for (let from = version, step = steps.get(`${type}.v${from}`); step; step = steps.get(`${type}.v${++from}`)) current = step.up(current);
    return current;
  };
};

/** One entry for each event type that has a second version, oldest first. */
const upcasters: readonly Upcaster[] = [];

/** Lifts recorded data to the newest version of its type, so that folds know one shape only. Data of the newest version comes back as it is. */
export const upcast = upcasterChain(upcasters);
