import type { Budget } from '@muster/connector';

const MINUTE_MS = 60_000;
const SLICES = 12;
const ESTIMATE_LIFE_MS = 5_000;
const SLICE_MS = MINUTE_MS / SLICES;

/** How sending on one connection goes: calls under way, and what was done in the last minute. */
export class Progress {
  readonly budget: Budget;
  inFlight = 0;
  /** Commands ended, by slice of the minute. */
  readonly #slices = new Map<number, number>();
  readonly #now: () => number;
  readonly #since: number;
  #rest: { at: number; ms: Promise<number> } | undefined;

  constructor(budget: Budget, now: () => number = () => performance.now()) {
    this.budget = budget;
    this.#now = now;
    this.#since = now();
  }

  /** How long the rest takes, estimated anew every few seconds at most: whoever looks often must not slow down what is looked at. */
  restMs(estimate: () => Promise<number>): Promise<number> {
    if (this.#rest === undefined || this.#now() - this.#rest.at > ESTIMATE_LIFE_MS) {
      const ms = estimate();
      this.#rest = { at: this.#now(), ms };
      ms.catch(() => (this.#rest = undefined));
    }
    return this.#rest.ms;
  }

  call(change: number): void {
    this.inFlight += change;
  }

  ended(commands: number): void {
    const slice = Math.floor(this.#now() / SLICE_MS);
    this.#slices.set(slice, (this.#slices.get(slice) ?? 0) + commands);
    for (const old of this.#slices.keys()) if (old <= slice - SLICES) this.#slices.delete(old);
  }

  /** Commands that ended in the last minute; before a minute has passed, as many as would at this pace. */
  donePerMinute(): number {
    const now = this.#now();
    const first = Math.floor(now / SLICE_MS) - SLICES;
    let done = 0;
    for (const [slice, commands] of this.#slices) if (slice > first) done += commands;
    const passed = Math.min(MINUTE_MS, Math.max(now - this.#since, SLICE_MS));
    return Math.round((done * MINUTE_MS) / passed);
  }
}
