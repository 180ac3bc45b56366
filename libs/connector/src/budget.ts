import { Fault } from './fault.ts';
import { Ledger } from './ledger.ts';
import type { BudgetLimits, BudgetSignal, Cost } from './ledger.ts';
import type { Lane } from './reading.ts';

/** Leave to make one call. */
export interface Permit {
  /** To be called once when the call has ended, however it ended; later calls do nothing. */
  settle(signal?: BudgetSignal): void;
}

export interface AcquireOptions {
  cost: Cost;
  lane: Lane;
  signal?: AbortSignal | undefined;
}

interface Waiting {
  cost: Cost;
  lane: Lane;
  deadline: number;
  grant(permit: Permit): void;
  refuse(reason: unknown): void;
}

const LANES: readonly Lane[] = ['leaver', 'live', 'batch'];

/**
 * All calls on one connection go through here. Grants in lane order (leaver, live, batch), within a lane first come first served; a call never
 * overtakes one of a higher lane that waits for the same bucket. Waits at most `maxWaitMs` (10 min), with at most `maxWaiting` (20,000) calls in
 * line, then refuses with a Fault of kind `throttled`.
 */
export class Budget {
  readonly #ledger: Ledger;
  readonly #lines = new Map<Lane, Set<Waiting>>(LANES.map((lane) => [lane, new Set<Waiting>()]));
  readonly #maxWaitMs: number;
  readonly #maxWaiting: number;
  readonly #now: () => number;
  readonly connection: string;
  #timer: NodeJS.Timeout | undefined;
  #draining = false;
  #closed = false;

  constructor(connection: string, limits: BudgetLimits, options: { maxWaitMs?: number; maxWaiting?: number; now?: () => number } = {}) {
    this.connection = connection;
    this.#ledger = new Ledger(limits);
    this.#maxWaitMs = options.maxWaitMs ?? 600_000;
    this.#maxWaiting = options.maxWaiting ?? 20_000;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Resolves when the call may leave. Rejects with the signal's reason when that aborts first, and with Fault when the wait is too long. */
  acquire({ cost, lane, signal }: AcquireOptions): Promise<Permit> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#closed || this.#waiting() >= this.#maxWaiting) return Promise.reject(this.#tooLong());
    return new Promise<Permit>((resolve, reject) => {
      const line = this.#lines.get(lane);
      const onAbort = (): void => {
        line?.delete(waiting);
        reject(signal?.reason);
        this.#drain();
      };
      const waiting: Waiting = {
        cost,
        lane,
        deadline: this.#now() + this.#maxWaitMs,
        grant: (permit) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(permit);
        },
        refuse: (reason) => {
          signal?.removeEventListener('abort', onAbort);
          reject(reason);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      line?.add(waiting);
      this.#drain();
    });
  }

  /** For status pages: by bucket what is used of what is allowed, and how many calls wait by lane. */
  status(): {
    buckets: Record<string, { allowed: number; windowMs: number; used: number; closedForMs: number }>;
    waiting: Record<Lane, number>;
  } {
    const now = this.#now();
    const waiting = (lane: Lane): number => this.#lines.get(lane)?.size ?? 0;
    return {
      buckets: Object.fromEntries(this.#ledger.buckets.map((name) => [name, this.#ledger.state(name, now)])),
      waiting: { leaver: waiting('leaver'), live: waiting('live'), batch: waiting('batch') },
    };
  }

  /** Refuses whoever waits and everybody after. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const line of this.#lines.values()) {
      for (const waiting of line) waiting.refuse(this.#tooLong());
      line.clear();
    }
  }

  #waiting(): number {
    let all = 0;
    for (const line of this.#lines.values()) all += line.size;
    return all;
  }

  #drain(): void {
    if (this.#draining || this.#closed) return;
    this.#draining = true;
    clearTimeout(this.#timer);
    const now = this.#now();
    let next = Infinity;
    const taken = new Set<string>();
    for (const lane of LANES) next = Math.min(next, this.#drainLane(lane, taken, now));
    this.#draining = false;
    if (next < Infinity) this.#timer = setTimeout(() => this.#drain(), Math.max(1, Math.ceil(next)));
  }

  /** Grants what can leave; gives the time until the next one of this lane could, or its deadline. */
  #drainLane(lane: Lane, taken: Set<string>, now: number): number {
    let next = Infinity;
    const line = this.#lines.get(lane) ?? new Set<Waiting>();
    for (const waiting of line) {
      const buckets = Object.keys(waiting.cost);
      if (taken.size > 0 && buckets.some((name) => taken.has(name))) continue;
      const wait = this.#ledger.wait(waiting.cost, lane, now);
      if (wait === 0) {
        line.delete(waiting);
        waiting.grant(this.#permit(waiting.cost, now));
        continue;
      }
      if (waiting.deadline <= now) {
        line.delete(waiting);
        waiting.refuse(this.#tooLong());
        continue;
      }
      for (const name of buckets) taken.add(name);
      next = Math.min(next, wait, waiting.deadline - now);
      if (taken.size >= this.#ledger.buckets.length) break;
    }
    return next;
  }

  #permit(cost: Cost, now: number): Permit {
    this.#ledger.take(cost, now);
    let settled = false;
    return {
      settle: (signal = {}) => {
        if (settled) return;
        settled = true;
        this.#ledger.settle(cost, signal, this.#now());
        this.#drain();
      },
    };
  }

  #tooLong(): Fault {
    return new Fault({
      code: 'target.throttled',
      kind: 'throttled',
      message: `The limits of ${this.connection} leave no room for this call in time`,
      remedy: `Nothing to do: it is tried again. If it lasts, raise the budget of ${this.connection} or look for what else uses it up.`,
      retryAfter: 30_000,
    });
  }
}
