import { faultOf } from '@muster/connector';
import { type Departure, type Holder, type Sender, sendCommands, SendingRows, StoreTail } from '@muster/effects';
import { StoreUnavailable, TooMuchContention } from '@muster/event-store';
import { type Lease, withLease } from '@muster/read-store';
import type { ServiceContext } from '@muster/service-kit';
import { type Claimed, type Handled, runWorkers, type ThrownFault, type Workers } from '@muster/work';
import { Histogram } from 'prom-client';
import type { Writable } from './connections.ts';
import { ConnectorTarget } from './connector-target.ts';
import { REFUSED, showRefusal } from './keep-refusals.ts';
import { Progress } from './progress.ts';
import { SEND, sendKeyParts } from './rows.ts';
import { Standing } from './standing.ts';
import type { Watched } from './status.ts';

/** On one connection. Far more than calls at once, so that what many of them want of one group is known together. */
const PEOPLE_AT_ONCE = 192;
/** Places of their own, so that no leaver waits until somebody less urgent has got through a limit. */
const LEAVERS_AT_ONCE = 32;
const STORE_PAUSE_MS = 1_000;

/** Answers that never come tell of an outage as much as refused connections do, so they count with them. */
const countedFault = (error: unknown): ThrownFault | undefined => {
  const fault = faultOf(error);
  if (fault === undefined || fault.kind !== 'unknown') return fault;
  const { code, message, remedy, retryAfter } = fault;
  return { code, kind: 'transient', message, remedy, retryAfter };
};

const isStoreTrouble = (error: unknown): boolean => error instanceof StoreUnavailable || error instanceof TooMuchContention;

/** Sends what released plans want: one process a connection, one worker a person and connection. */
export class Sending {
  readonly #context: ServiceContext;
  readonly #writable: readonly Writable[];
  /** The connections that are written, and how that goes. */
  readonly watched: readonly Watched[];
  readonly #senders = new Map<string, Sender>();
  readonly #leases = new Map<string, Lease>();
  readonly #standing = new Standing();
  readonly #stopping = new AbortController();
  readonly #resigning = new AbortController();
  #holding: Promise<unknown> = Promise.resolve();
  #workers: Workers[] = [];

  constructor(context: ServiceContext, writable: readonly Writable[]) {
    this.#context = context;
    this.#writable = writable;
    this.watched = writable.map(({ config, budget }) => ({ config, progress: new Progress(budget) }));
  }

  /** Begins to send, once it is known from where on the rows of calls under way are whole. */
  async start(): Promise<void> {
    const { database, store, logger, settings, inProgress } = this.#context;
    const rows = new SendingRows(database);
    const since = await rows.since(store);
    const tail = new StoreTail(store);
    const onDeparture = this.#departures();
    for (const writable of this.#writable)
      this.#senders.set(writable.config.name, this.#senderOf(writable, { rows, since, tail, onDeparture }));
    this.#holding = Promise.all([...this.#senders.keys()].map((name) => this.#hold(name)));
    const common = {
      store: database,
      faultOf: countedFault,
      log: logger,
      timeFactor: settings.timeFactor,
      onInProgress: (change: number) => inProgress.inc({ kind: 'work' }, change),
    };
    const sending = { ...common, kinds: [SEND], handle: (claimed: Claimed, lost: AbortSignal) => this.#send(claimed, lost) };
    this.#workers = [
      // One crew for each: a target that is slow takes no places from the others.
      ...this.#writable.map(({ config: { name } }) =>
        runWorkers({ ...sending, concurrency: PEOPLE_AT_ONCE, connections: () => (this.#leases.has(name) ? [name] : []) }),
      ),
      runWorkers({ ...sending, lanes: ['leaver'], concurrency: LEAVERS_AT_ONCE, connections: () => [...this.#leases.keys()] }),
      runWorkers({ ...common, kinds: [REFUSED], concurrency: 1, pollMs: 5_000, handle: ({ key }) => showRefusal(database.db, store, key) }),
    ];
  }

  /** Takes up nothing new, lets calls that have left come back, gives the leases away. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#workers.map((workers) => workers.stop()));
    this.#resigning.abort();
    await this.#holding;
    await Promise.all(this.#writable.map((writable) => writable.close()));
  }

  #senderOf(
    { config, connection, logLagMs }: Writable,
    parts: Pick<Sender, 'rows' | 'since' | 'tail'> & { onDeparture: (departure: Departure) => void },
  ): Sender {
    const context = this.#context;
    const now = () => context.now();
    const progress = this.watched.find((one) => one.config === config)?.progress;
    return {
      store: context.store,
      ...parts,
      target: new ConnectorTarget(connection, { config, logLagMs, now }),
      actor: 'service:provisioning',
      live: () => config.state === 'live',
      now,
      onCall: (change) => {
        context.inProgress.inc({ kind: 'call' }, change);
        progress?.call(change);
      },
      onEnded: (commands) => progress?.ended(commands),
    };
  }

  #departures(): (departure: Departure) => void {
    const waited = new Histogram({
      name: 'muster_provisioning_wait_seconds',
      help: 'from the release of the first plan that held a command to its departure',
      labelNames: ['lane', 'action'],
      buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400],
      registers: [this.#context.metrics],
    });
    return ({ lane, action, waitedMs }) => waited.observe({ lane, action }, waitedMs / 1_000);
  }

  /** Keeps the lease of a connection for as long as the service runs, whenever nobody else has it. */
  async #hold(name: string): Promise<void> {
    const { signal } = this.#resigning;
    await withLease(this.#context.database.db, `send ${name}`, { signal }, async (lease) => {
      this.#leases.set(name, lease);
      const ended = AbortSignal.any([lease.lost, signal]);
      try {
        if (!ended.aborted) await new Promise<void>((resolve) => ended.addEventListener('abort', () => resolve(), { once: true }));
      } finally {
        this.#leases.delete(name);
      }
      lease.lost.throwIfAborted();
    });
  }

  async #send(claimed: Claimed, lost: AbortSignal): Promise<Handled> {
    const { identityId, connection } = sendKeyParts(claimed.key);
    const lease = this.#leases.get(connection);
    const sender = this.#senders.get(connection);
    if (!lease || !sender) return this.#soon();
    const gone = AbortSignal.any([lost, lease.lost]);
    const holder: Holder = { token: claimed.token, lost: gone, holds: (transaction) => this.#standing.holds(transaction, lease, claimed) };
    const signal = AbortSignal.any([gone, this.#stopping.signal]);
    try {
      let reached = false;
      const onDeparture = (departure: Departure): void => {
        reached = true;
        sender.onDeparture?.(departure);
      };
      const end = await sendCommands({ ...sender, onDeparture }, identityId, holder, { signal });
      if (end.lost || signal.aborted) return this.#soon();
      if (end.fault) throw end.fault;
      return { reached, ...(end.next ? { next: end.next } : {}) };
    } catch (error) {
      if (!isStoreTrouble(error) && !signal.aborted) throw error;
      this.#context.logger.warn({ connection, error: String(error) }, 'sending was interrupted; going on soon');
      return this.#soon();
    }
  }

  /** By the database's clock or ours, whichever is later: never at once. */
  #soon(): { next: Date; reached: false } {
    return { next: new Date(Date.now() + STORE_PAUSE_MS), reached: false };
  }
}
