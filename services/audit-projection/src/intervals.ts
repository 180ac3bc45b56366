/** A stretch of valid time with one value, as it is known until `knownTo`. Times are milliseconds since 1970; infinite ones have no bound. */
export interface Tile<V> {
  readonly value: V;
  readonly from: number;
  readonly to: number;
  readonly knownFrom: number;
  readonly knownTo: number;
  /** Revision of the event that stated the value. */
  readonly saidBy: number;
  /** Revision of the event that made this row: a later one where it only cut the value short. */
  readonly revision: number;
  /** Where the row stands in the database, if it does. */
  readonly place?: string;
}

/** One event: what it changes, from when on it is true, when it was recorded. */
export interface Fact<V> {
  readonly revision: number;
  readonly from: number;
  readonly recordedAt: number;
  readonly change: (before: V | undefined) => V;
}

/** Rows whose recorded time ended, and rows that begin. A row may be both. */
export interface Change<V> {
  readonly closed: Tile<V>[];
  readonly open: Tile<V>[];
}

type Same<V> = (a: V, b: V) => boolean;

interface Stretch<V> {
  readonly value: V;
  readonly from: number;
  readonly to: number;
}

/** Neighbours with the same value are one. */
function joined<V>(stretches: readonly Stretch<V>[], same: Same<V>): Stretch<V>[] {
  const result: Stretch<V>[] = [];
  for (const next of stretches) {
    const last = result.at(-1);
    if (last !== undefined && last.to === next.from && same(last.value, next.value)) result[result.length - 1] = { ...last, to: next.to };
    else result.push(next);
  }
  return result;
}

/** What is not covered by any tile yet, from the fact on: the time before the first one, or all of it. */
function uncovered<V>(tiles: readonly Tile<V>[], { from, change }: Fact<V>): Stretch<V>[] {
  const first = Math.min(Infinity, ...tiles.map((tile) => tile.from));
  return from < first ? [{ value: change(undefined), from, to: first }] : [];
}

/**
 * Lays a fact over what is known: it holds from its own time on and for all later time, as every fact of a stream does whatever time its predecessors
 * speak of. What was known before stays as rows with an end of their recorded time. A fact that changes nothing anywhere gives nothing.
 *
 * @param tiles what is known now, without overlap.
 */
export function lay<V>(tiles: readonly Tile<V>[], fact: Fact<V>, same: Same<V>): Change<V> {
  const { from, recordedAt, revision, change } = fact;
  const touched = tiles.filter((tile) => tile.to > from && !same(tile.value, change(tile.value)));
  const stretches = [
    ...uncovered(tiles, fact),
    ...touched.map((tile) => ({ value: change(tile.value), from: Math.max(tile.from, from), to: tile.to })),
  ].toSorted((a, b) => a.from - b.from);
  const made = { knownFrom: recordedAt, knownTo: Infinity, revision };
  return {
    closed: touched.map((tile) => ({ ...tile, knownTo: recordedAt })),
    open: [
      ...touched
        .filter((tile) => tile.from < from)
        .map(({ value, from: since, saidBy }) => ({ value, from: since, to: from, saidBy, ...made })),
      ...joined(stretches, same).map((stretch) => ({ ...stretch, saidBy: revision, ...made })),
    ],
  };
}

/** Lays facts of one key one after the other, in the order of their stream. `known` holds its open rows. Answers the stored rows that closed and all rows that are new. */
export function layAll<V>(known: readonly Tile<V>[], facts: readonly Fact<V>[], same: Same<V>): { closed: Tile<V>[]; added: Tile<V>[] } {
  let open = [...known];
  const over: Tile<V>[] = [];
  for (const fact of facts) {
    const { closed, open: made } = lay(open, fact, same);
    const ended = new Set(closed.map(({ from }) => from));
    open = [...open.filter(({ from }) => !ended.has(from)), ...made];
    over.push(...closed);
  }
  return {
    closed: over.filter(({ place }) => place !== undefined),
    added: [...over, ...open].filter(({ place }) => place === undefined),
  };
}
