import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Claim } from './claim.ts';
import { claimWork, nextDue, type Scope } from './claims.ts';
import { Endings } from './endings.ts';
import { reactToFailure } from './react.ts';
import { type Claimed, WORK_CHANNEL } from './rows.ts';
import type { WorkersOptions } from './workers-options.ts';

export interface Workers {
  /** Takes no more rows and waits for those at work. */
  stop(): Promise<void>;
}

const DATABASE_PAUSE_MS = 1_000;
const LONGEST_REST_MS = 1_000;
const POLL_MS = 250;
/** Rows and places that turn up one by one within this time are claimed together. */
const TOGETHER_MS = 10;
/** Less urgent rows of a claim begin when the more urgent ones are done, or this much later: all at once, each step of one would stand behind a step of all. */
const HEAD_START_MS = 100;

/** Claims and handles rows until it is stopped: as many at once as allowed, woken by new rows, else by the clock. */
export function runWorkers(options: WorkersOptions): Workers {
  const crew = new Crew(options);
  return { stop: () => crew.stop() };
}

class Crew {
  readonly #options: WorkersOptions;
  readonly #holder = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;
  readonly #running = new Set<Promise<void>>();
  readonly #endings: Endings;
  readonly #unlisten: () => void;
  readonly #looping: Promise<void>;
  #stopping = false;
  #woken = false;
  #arise: (() => void) | undefined;
  #claimedAt = 0;
  /** Whether the last claim found more rows than there was room for. */
  #moreWait = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#endings = new Endings(options.store.db);
    this.#unlisten = options.store.listen(WORK_CHANNEL, () => this.#wake());
    this.#looping = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unlisten();
    this.#wake();
    await this.#looping;
    await Promise.all(this.#running);
  }

  async #loop(): Promise<void> {
    while (!this.#stopping) {
      try {
        if (await this.#take()) await this.#rest(await this.#untilNext());
      } catch (error) {
        this.#options.log.warn({ error: String(error) }, 'work rows cannot be claimed; trying again');
        await this.#rest(DATABASE_PAUSE_MS);
      }
    }
  }

  /** Takes what there is room for; answers whether there is nothing more to take at the moment. */
  async #take(): Promise<boolean> {
    const { store, concurrency, leaseMs = 10_000 } = this.#options;
    const early = this.#claimedAt + TOGETHER_MS - Date.now();
    if (early > 0) await sleep(early);
    const free = concurrency - this.#running.size;
    this.#moreWait = free === 0;
    if (free === 0) return true;
    this.#claimedAt = Date.now();
    const claimed = await claimWork(store.db, { ...this.#scope(), max: free, holder: this.#holder, leaseMs });
    this.#moreWait = claimed.length === free;
    await this.#startInTurn(claimed);
    return !this.#moreWait;
  }

  async #startInTurn(claimed: readonly Claimed[]): Promise<void> {
    for (const [index, one] of claimed.entries()) {
      const before = claimed[index - 1];
      if (before && before.lane !== one.lane) await this.#headStart();
      this.#start(one);
    }
  }

  async #headStart(): Promise<void> {
    const over = new AbortController();
    await Promise.race([Promise.all(this.#running), sleep(HEAD_START_MS, undefined, { signal: over.signal }).catch(() => {})]);
    over.abort();
  }

  /** Whoever is at work wakes the loop when done; only an idle crew asks when the next row is due. */
  async #untilNext(): Promise<number> {
    const { store, pollMs = POLL_MS } = this.#options;
    if (this.#running.size > 0 || this.#woken) return pollMs;
    const next = await nextDue(store.db, this.#scope());
    const wait = next === undefined ? LONGEST_REST_MS : next.getTime() - Date.now();
    // Overdue, and yet not taken: somebody holds it.
    return wait <= 0 ? pollMs : Math.min(wait, Math.max(LONGEST_REST_MS, pollMs));
  }

  #scope(): Scope {
    const { kinds, lanes } = this.#options;
    const connections = this.#options.connections?.();
    return { kinds, ...(connections ? { connections } : {}), ...(lanes ? { lanes } : {}) };
  }

  #start(claimed: Claimed): void {
    this.#options.onInProgress?.(1);
    const done = this.#work(claimed).then((isSoon) => {
      this.#running.delete(done);
      this.#options.onInProgress?.(-1);
      if (isSoon || this.#moreWait) this.#wake();
    });
    this.#running.add(done);
  }

  /** Answers whether this row may be due again soon. New rows tell of themselves. */
  async #work(claimed: Claimed): Promise<boolean> {
    const { store, leaseMs = 10_000, pollMs = POLL_MS, log } = this.#options;
    const claim = new Claim(store.db, claimed, leaseMs);
    try {
      const handled = await this.#options.handle(claimed, claim.lost);
      const { soon } = await this.#endings.end({ claimed, ...handled });
      return soon || (handled?.next !== undefined && handled.next.getTime() - Date.now() < pollMs);
    } catch (error) {
      await reactToFailure(this.#options, claimed, error).catch((trouble: unknown) => {
        // The claim runs out by itself, and the row is claimed again.
        log.warn({ kind: claimed.kind, error: String(trouble) }, 'a failure could not be written down');
      });
      return true;
    } finally {
      claim.end();
    }
  }

  #wake(): void {
    this.#woken = true;
    this.#arise?.();
  }

  /** A call that comes while rows are being claimed is not missed: the next rest does not begin. */
  async #rest(milliseconds: number): Promise<void> {
    if (!this.#woken && !this.#stopping) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.#arise = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#woken = false;
    this.#arise = undefined;
  }
}
