import type { Lane } from './reading.ts';

/** So many units in any window of this length. */
export interface Rate {
  limit: number;
  perMs: number;
}

export interface BudgetLimits {
  /** By bucket: the vendor's own limit, unscaled. */
  buckets: Readonly<Record<string, Rate>>;
  /** The part of each bucket that is ours, above 0 and at most 1. */
  share: number;
  /** Calls under way at once. */
  concurrency: number;
  /** Windows and waits are divided by this. */
  timeFactor: number;
}

/** Units by bucket that one call costs. */
export type Cost = Readonly<Record<string, number>>;

/** What an answer said about limits. Durations in milliseconds from the moment of the answer. */
export interface BudgetSignal {
  throttled?: 'rate' | 'concurrency';
  retryAfter?: number;
  remaining?: number;
  resetIn?: number;
  /** Part of the limit that the vendor says is used: 0.8 and more. */
  usedShare?: number;
  /** What the call really cost, where the vendor tells. */
  spent?: Cost;
}

const SLOTS = 100;
// Requests that leave within one window may arrive within a shorter one.
const ARRIVAL_SLACK = 0.02;
const LEAVER_RESERVE = 0.05;
const LOWEST_PACE = 0.2;
const CALLS_TO_REGAIN_ONE_PLACE = 50;

interface Bucket {
  limit: number;
  /** Of the vendor, scaled. */
  period: number;
  slotLength: number;
  /** Units taken by slot number. */
  slots: Map<number, number>;
  used: number;
  inFlight: number;
  pace: number;
  lastThrottled: number;
  throttledInARow: number;
  closedUntil: number;
  /** The lowest that answers of the vendor's present window said is left, and when that window ends. */
  remaining: number;
  remainingUntil: number;
}

const openBucket = (rate: Rate, share: number, timeFactor: number): Bucket => {
  const period = rate.perMs / timeFactor;
  return {
    limit: Math.max(1, Math.floor(rate.limit * share)),
    period,
    slotLength: (period * (1 + ARRIVAL_SLACK)) / SLOTS,
    slots: new Map(),
    used: 0,
    inFlight: 0,
    pace: 1,
    lastThrottled: -Infinity,
    throttledInARow: 0,
    closedUntil: -Infinity,
    remaining: Infinity,
    remainingUntil: -Infinity,
  };
};

const paceOf = (bucket: Bucket, now: number): number =>
  Math.min(1, bucket.pace + 0.05 * Math.floor(Math.max(0, now - bucket.lastThrottled) / bucket.period));

const allowedIn = (bucket: Bucket, now: number): number =>
  Math.max(1, Math.floor(bucket.limit * (bucket.pace === 1 ? 1 : paceOf(bucket, now))));

const reserveOf = (units: number): number => (units < 2 ? 0 : Math.max(1, Math.floor(units * LEAVER_RESERVE)));

const forget = (bucket: Bucket, now: number): void => {
  const oldest = Math.floor(now / bucket.slotLength) - SLOTS;
  for (const [slot, units] of bucket.slots) {
    if (slot >= oldest) return;
    bucket.slots.delete(slot);
    bucket.used -= units;
  }
};

/** When enough of what was taken falls out of the window. */
const whenFree = (bucket: Bucket, missing: number): number => {
  let freed = 0;
  for (const [slot, units] of bucket.slots) {
    freed += units;
    if (freed >= missing) return (slot + SLOTS + 1) * bucket.slotLength;
  }
  return -Infinity;
};

/** Every call that has ended is counted in the lowest figure, so only those under way have to be taken off it. */
const leftOf = (bucket: Bucket): number => bucket.remaining - bucket.inFlight;

const waitIn = (bucket: Bucket, wanted: number, lane: Lane, now: number): number => {
  forget(bucket, now);
  const allowed = allowedIn(bucket, now);
  const reserve = lane === 'leaver' ? 0 : reserveOf(allowed);
  // A call that costs more than a whole window still has to be possible once.
  const cost = Math.min(wanted, allowed - reserve);
  const missing = bucket.used + cost - (allowed - reserve);
  const until = [bucket.closedUntil];
  if (missing > 0) until.push(whenFree(bucket, missing));
  if (now < bucket.remainingUntil && leftOf(bucket) - cost < Math.min(reserve, reserveOf(bucket.remaining)))
    until.push(bucket.remainingUntil);
  return Math.max(0, Math.max(...until) - now);
};

/**
 * The decisions of a budget, without clock and timers: every call gets `now` in milliseconds, never going backwards. Own use is counted in a sliding window, so
 * no window of the vendor, wherever it begins, holds more than our share. What answers say only ever tightens it. A twentieth of each bucket is
 * kept for leavers.
 */
export class Ledger {
  readonly #buckets = new Map<string, Bucket>();
  readonly #limits: BudgetLimits;
  #underWay = 0;
  #places: number;
  #goodInARow = 0;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
    this.#places = limits.concurrency;
    for (const [name, rate] of Object.entries(limits.buckets)) this.#buckets.set(name, openBucket(rate, limits.share, limits.timeFactor));
  }

  /** Milliseconds until this call could leave, 0 = now; Infinity: not before another call has ended. */
  wait(cost: Cost, lane: Lane, now: number): number {
    const kept = lane === 'leaver' ? 0 : Math.min(2, this.#places - 1);
    if (this.#underWay >= this.#places - kept) return Infinity;
    return Math.max(0, ...this.#touched(cost).map(([bucket, units]) => waitIn(bucket, units, lane, now)));
  }

  /** The call leaves. */
  take(cost: Cost, now: number): void {
    this.#underWay += 1;
    for (const [bucket, units] of this.#touched(cost)) {
      bucket.inFlight += units;
      this.#charge(bucket, units, now);
    }
  }

  /** The call ended, with what its answer said. */
  settle(cost: Cost, signal: BudgetSignal, now: number): void {
    this.#underWay -= 1;
    for (const [bucket, units] of this.#touched(cost)) {
      bucket.inFlight -= units;
      // An answer that says nothing, or never came, may have been counted.
      if (signal.remaining === undefined) bucket.remaining -= units;
    }
    if (signal.throttled === 'concurrency') this.#fewerPlaces();
    else if (!signal.throttled) this.#countGood();
    for (const [name, units] of Object.entries(cost)) {
      const bucket = this.#named(name);
      this.#listen(bucket, signal, now);
      const more = (signal.spent?.[name] ?? 0) - units;
      if (more > 0) this.#charge(bucket, more, now);
    }
  }

  /** Units that a bucket lets through in one window, the window in milliseconds, and what is used of it now. */
  state(bucketName: string, now: number): { allowed: number; windowMs: number; used: number; closedForMs: number } {
    const bucket = this.#named(bucketName);
    forget(bucket, now);
    return {
      allowed: allowedIn(bucket, now),
      windowMs: bucket.period,
      used: bucket.used,
      closedForMs: Math.max(0, bucket.closedUntil - now),
    };
  }

  get buckets(): string[] {
    return [...this.#buckets.keys()];
  }

  #listen(bucket: Bucket, signal: BudgetSignal, now: number): void {
    if (signal.throttled) return this.#close(bucket, signal, now);
    bucket.throttledInARow = 0;
    if (signal.remaining !== undefined && signal.resetIn !== undefined && signal.resetIn > 0)
      this.#tighten(bucket, signal.remaining, now + signal.resetIn, now);
    if (signal.usedShare !== undefined)
      this.#tighten(bucket, Math.max(0, Math.floor((1 - signal.usedShare) * bucket.limit)), now + bucket.period / 10, now);
    return undefined;
  }

  #tighten(bucket: Bucket, remaining: number, until: number, now: number): void {
    // Answers overtake each other, by no more than there are calls at once; a figure higher than that belongs to a new window.
    const newWindow = now >= bucket.remainingUntil || remaining - bucket.remaining > this.#limits.concurrency;
    bucket.remaining = newWindow ? remaining : Math.min(bucket.remaining, remaining);
    // A window was open when its first answer came, and lasts no longer than documented, whatever the rounding of a clock says.
    if (newWindow) bucket.remainingUntil = Math.min(until, now + bucket.period);
  }

  #close(bucket: Bucket, signal: BudgetSignal, now: number): void {
    const own = Math.min(60_000, 1000 * 2 ** bucket.throttledInARow) / this.#limits.timeFactor;
    const wait = signal.retryAfter ?? (signal.resetIn !== undefined && signal.resetIn > 0 ? signal.resetIn : own);
    bucket.closedUntil = Math.max(bucket.closedUntil, now + wait);
    bucket.throttledInARow += 1;
    if (signal.throttled === 'concurrency') return;
    bucket.pace = Math.max(LOWEST_PACE, paceOf(bucket, now) * 0.8);
    bucket.lastThrottled = now;
  }

  #charge(bucket: Bucket, units: number, now: number): void {
    const slot = Math.floor(now / bucket.slotLength);
    bucket.slots.set(slot, (bucket.slots.get(slot) ?? 0) + units);
    bucket.used += units;
  }

  #fewerPlaces(): void {
    this.#places = Math.max(Math.min(4, this.#limits.concurrency), Math.floor(this.#places / 2));
    this.#goodInARow = 0;
  }

  #countGood(): void {
    this.#goodInARow += 1;
    if (this.#goodInARow % CALLS_TO_REGAIN_ONE_PLACE === 0) this.#places = Math.min(this.#limits.concurrency, this.#places + 1);
  }

  #touched(cost: Cost): [Bucket, number][] {
    return Object.entries(cost).map(([name, units]) => [this.#named(name), units]);
  }

  #named(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (!bucket) throw new RangeError(`There is no budget bucket "${name}"`);
    return bucket;
  }
}

/** Milliseconds that so many units take at full pace, for plans that say how long the limits let them take. */
export const timeFor = (limits: BudgetLimits, cost: Cost): number =>
  Math.max(
    0,
    ...Object.entries(cost).map(([name, units]) => {
      const rate = limits.buckets[name];
      return rate ? (units / Math.max(1, rate.limit * limits.share)) * (rate.perMs / limits.timeFactor) : 0;
    }),
  );
