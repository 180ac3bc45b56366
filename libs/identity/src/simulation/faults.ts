import type { Random } from './random.ts';

/** Everything that can go wrong here. A spec proves that each of them happened. */
export const faultKinds = [
  'replica behind',
  'answer lost before the effect',
  'answer lost after the effect',
  'server error without effect',
  'server error after the effect',
  'throttled',
  'read failed',
  'hint lost',
  'hint doubled',
  'hint delayed',
  'delta replayed',
  'log entry late',
  'full read partial',
  'full read short',
  'full read failed',
  'page repeated',
  'permission trimmed',
  'record repeated',
  'record late',
  'record reordered',
  'terminated meanwhile',
  'rehired or rescinded',
  'first seen terminated',
  'crash between send and record',
  'crash between append and commit',
  'crash between read and append',
  'rows lost',
  'zombie reader',
  'zombie sender',
  'zombie planner',
  'revision conflict',
  'stale current row',
  'disabled by hand',
  'enabled by hand',
  'drift by hand',
  'deleted by hand',
  'membership removed by hand',
  'login renamed by hand',
  'our write undone by hand',
  'login taken by a stranger',
  'existing account',
  'value refused',
  'batch refused for one member',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** A crash of the process that throws it: everything it held in memory is gone. */
export class Crash extends Error {}

/** Decides by chance what goes wrong, and counts it. */
export class Faults {
  readonly fired = new Map<FaultKind, number>();
  /** Nothing goes wrong by chance from here on; what was started still ends. */
  calm = false;
  readonly #random: Random;
  readonly #level: number;

  /** `level` 1: as in the rates that callers name; 0: never. */
  constructor(random: Random, level: number) {
    this.#random = random;
    this.#level = level;
  }

  note(kind: FaultKind): void {
    this.fired.set(kind, (this.fired.get(kind) ?? 0) + 1);
  }

  /** True if it happens now; counted if it does. */
  strikes(kind: FaultKind, rate: number): boolean {
    if (this.calm || !this.#random.chance(rate * this.#level)) return false;
    this.note(kind);
    return true;
  }

  /** Throws Crash if it happens now. */
  crash(kind: FaultKind, rate: number): void {
    if (this.strikes(kind, rate)) throw new Crash(kind);
  }
}
