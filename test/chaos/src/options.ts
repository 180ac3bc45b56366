import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** What a run is asked to do. */
export interface Options {
  /** Everything that is drawn follows from it; the timing of processes does not. */
  readonly seed: number;
  /** How long kills go on at least; every component is killed three times even if that takes some minutes more. */
  readonly killForMs: number;
  readonly hires: number;
  /** People whom HR delivers all together when the kills begin, besides those who are hired one by one. */
  readonly imported: number;
  readonly timeFactor: number;
  /** Keep the data folder and the logs. */
  readonly keep: boolean;
}

export const USAGE = `usage: npm run chaos -- [--seed N] [--minutes M] [--hires N] [--import N] [--time-factor F] [--keep]
       npm run chaos -- --ci        a fixed budget of about four minutes, with a seed of its own that is printed
`;

/** @throws Error with the cause in words. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '3' },
      hires: { type: 'string', default: '100' },
      import: { type: 'string' },
      'time-factor': { type: 'string', default: '30' },
      ci: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  const number = (name: 'seed' | 'minutes' | 'hires' | 'import' | 'time-factor', most: number): number => {
    const given = Number(values[name]);
    if (given > 0 && given <= most) return given;
    throw new Error(`--${name} is "${values[name]}"; give a number above 0, at most ${most}`);
  };
  return {
    seed: values.seed === undefined ? randomInt(1, 2 ** 31) : number('seed', 2 ** 31),
    killForMs: (values.ci ? 2 : number('minutes', 600)) * 60_000,
    hires: number('hires', 1_000),
    imported: values.import === undefined ? 0 : number('import', 10_000),
    timeFactor: number('time-factor', 60),
    keep: values.keep,
  };
}
