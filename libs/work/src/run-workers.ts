import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isDatabaseTrouble, type ReadStore } from '@muster/read-store';
import { reactionTo, type WorkFault } from './retry.ts';
import { buryWork, type Claimed, claimWork, completeWork, countFailure, renewClaim, retryWork, WORK_CHANNEL } from './rows.ts';

/** What a handler says of a row that it dealt with. `next`: look again then. */
export type Handled = { readonly next: Date } | void;

/** A fault as an edge throws it. */
export interface ThrownFault extends WorkFault {
  readonly retryAfter?: number | undefined;
}

export interface WorkersOptions {
  readonly store: ReadStore;
  readonly kinds: readonly string[];
  /** Rows at work at once in this process. */
  readonly concurrency: number;
  /** Must be safe to repeat: a claim that is lost is worked on again. `lost` aborts when the claim is no longer ours. */
  handle(claimed: Claimed, lost: AbortSignal): Promise<Handled>;
  /** The fault behind an error; undefined: a defect of ours. */
  faultOf(error: unknown): ThrownFault | undefined;
  readonly log: { warn(fields: object, text: string): void; error(fields: object, text: string): void };
  readonly connections?: () => readonly string[];
  readonly leaseMs?: number;
  /** How often rows are looked for when nobody calls. */
  readonly pollMs?: number;
  /** Waiting times of the real world are divided by it. */
  readonly timeFactor?: number;
  /** Told when a row is taken up (1) and let go (-1). */
  readonly onInProgress?: (change: number) => void;
}

export interface Workers {
  /** Takes no more rows and waits for those at work. */
  stop(): Promise<void>;
}

const QUARANTINE_MS = 300_000;
const DATABASE_PAUSE_MS = 1_000;

/** Claims and handles rows until it is stopped: as many at once as allowed, woken by new rows, else by the clock. */
export function runWorkers(options: WorkersOptions): Workers {
  const { store, pollMs = 250, concurrency } = options;
  const holder = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;
  const running = new Set<Promise<void>>();
  let stopping = false;
  let woken = false;
  let arise: (() => void) | undefined;
  const wake = (): void => {
    woken = true;
    arise?.();
  };
  const unlisten = store.listen(WORK_CHANNEL, wake);

  /** A call that comes while rows are being claimed is not missed: the next rest does not begin. */
  const rest = async (milliseconds: number): Promise<void> => {
    if (!woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        arise = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    woken = false;
    arise = undefined;
  };
  const start = (claimed: Claimed): void => {
    options.onInProgress?.(1);
    const done = work(options, claimed).finally(() => {
      running.delete(done);
      options.onInProgress?.(-1);
      wake();
    });
    running.add(done);
  };
  const claim = async (max: number): Promise<Claimed[]> => {
    if (max === 0) return [];
    const connections = options.connections?.();
    const { kinds, leaseMs = 10_000 } = options;
    return claimWork(store.db, { kinds, max, holder, leaseMs, ...(connections ? { connections } : {}) });
  };
  /** Takes what there is room for; answers whether there is nothing more to take at the moment. */
  const take = async (): Promise<boolean> => {
    const free = concurrency - running.size;
    const claimed = await claim(free);
    for (const one of claimed) start(one);
    return free === 0 || claimed.length < free;
  };
  const loop = async (): Promise<void> => {
    while (!stopping) {
      try {
        if (await take()) await rest(stopping ? 0 : pollMs);
      } catch (error) {
        options.log.warn({ error: String(error) }, 'work rows cannot be claimed; trying again');
        await rest(DATABASE_PAUSE_MS);
      }
    }
  };
  const looping = loop();
  return {
    async stop() {
      stopping = true;
      unlisten();
      wake();
      await looping;
      await Promise.all(running);
    },
  };
}

async function work(options: WorkersOptions, claimed: Claimed): Promise<void> {
  const { store, leaseMs = 10_000 } = options;
  const lost = new AbortController();
  const renewal = setInterval(() => {
    renewClaim(store.db, claimed, leaseMs).then(
      (held) => held || lost.abort(),
      () => {},
    );
  }, leaseMs / 3);
  try {
    const handled = await options.handle(claimed, lost.signal);
    await completeWork(store.db, claimed, handled?.next);
  } catch (error) {
    await afterFailure(options, claimed, error).catch((trouble: unknown) => {
      // The claim runs out by itself, and the row is claimed again.
      options.log.warn({ kind: claimed.kind, error: String(trouble) }, 'a failure could not be written down');
    });
  } finally {
    clearInterval(renewal);
  }
}

/** A fault as an edge states it; everything else is a defect of ours, whose text may quote input and is not kept. */
function stated(error: unknown, thrown: ThrownFault | undefined, kind: string): WorkFault {
  if (!thrown)
    return {
      code: 'internal.bug',
      kind: 'bug',
      message: `${error instanceof Error ? error.name : 'An unknown error'} while working on ${kind}`,
    };
  const { code, kind: faultKind, message, remedy } = thrown;
  return { code, kind: faultKind, message, ...(remedy === undefined ? {} : { remedy }) };
}

const databaseTrouble: ThrownFault = {
  code: 'database.unavailable',
  kind: 'transient',
  message: 'The database could not be reached, or undid the work in favour of other work',
};

async function afterFailure(options: WorkersOptions, claimed: Claimed, error: unknown): Promise<void> {
  const { store, timeFactor = 1 } = options;
  const thrown = isDatabaseTrouble(error) ? databaseTrouble : options.faultOf(error);
  const fault = stated(error, thrown, claimed.kind);
  if (fault.kind === 'bug')
    options.log.error({ err: error, kind: claimed.kind, key: claimed.key }, 'work failed for a reason that nobody expected');
  const counts = thrown !== databaseTrouble && (fault.kind === 'transient' || fault.kind === 'unauthorised');
  if (counts) await countFailure(store.db, claimed.connection, { fault, pauseMs: QUARANTINE_MS / timeFactor });
  const told = thrown?.retryAfter;
  const reaction = reactionTo(fault, {
    attempts: claimed.attempts,
    random: Math.random(),
    ...(told === undefined ? {} : { retryAfterMs: told }),
  });
  if (reaction.do === 'bury') return buryWork(store, claimed, fault);
  // What the other side asked for is in its own time already.
  const waitMs = told === undefined ? reaction.afterMs / timeFactor : reaction.afterMs;
  return retryWork(store.db, claimed, { due: new Date(Date.now() + waitMs), fault });
}
