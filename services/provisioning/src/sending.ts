import { faultOf } from '@muster/connector';
import { type Departure, type Holder, type Sender, sendCommands, SendingRows, type Since } from '@muster/effects';
import { StoreUnavailable, TooMuchContention } from '@muster/event-store';
import { type Database, type Lease, LeaseLost, requireLease, withLease } from '@muster/read-store';
import type { ServiceContext } from '@muster/service-kit';
import { type Claimed, type Handled, holdsClaim, runWorkers, type ThrownFault, type Workers } from '@muster/work';
import { Histogram } from 'prom-client';
import type { Writable } from './connections.ts';
import { ConnectorTarget } from './connector-target.ts';
import { REFUSED, showRefusal } from './keep-refusals.ts';
import { SEND, sendKeyParts } from './rows.ts';

const PEOPLE_AT_ONCE = 32;
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
  readonly #senders = new Map<string, Sender>();
  readonly #leases = new Map<string, Lease>();
  readonly #stopping = new AbortController();
  readonly #resigning = new AbortController();
  #holding: Promise<unknown> = Promise.resolve();
  #workers: Workers[] = [];

  constructor(context: ServiceContext, writable: readonly Writable[]) {
    this.#context = context;
    this.#writable = writable;
  }

  /** Begins to send, once it is known from where on the rows of calls under way are whole. */
  async start(): Promise<void> {
    const { database, store, logger, settings, inProgress } = this.#context;
    const rows = new SendingRows(database);
    const since = await rows.since(store);
    const onDeparture = this.#departures();
    for (const writable of this.#writable) this.#senders.set(writable.config.name, this.#senderOf(writable, { rows, since, onDeparture }));
    this.#holding = Promise.all([...this.#senders.keys()].map((name) => this.#hold(name)));
    const common = {
      store: database,
      faultOf: countedFault,
      log: logger,
      timeFactor: settings.timeFactor,
      onInProgress: (change: number) => inProgress.inc({ kind: 'work' }, change),
    };
    this.#workers = [
      runWorkers({
        ...common,
        kinds: [SEND],
        concurrency: PEOPLE_AT_ONCE,
        connections: () => [...this.#leases.keys()],
        handle: (claimed, lost) => this.#send(claimed, lost),
      }),
      runWorkers({ ...common, kinds: [REFUSED], concurrency: 1, pollMs: 5_000, handle: ({ key }) => showRefusal(database.db, store, key) }),
    ];
  }

  /** Takes up nothing new, lets calls that have left come back, gives the leases away. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#workers.map((workers) => workers.stop()));
    this.#resigning.abort();
    await this.#holding;
    await Promise.all(this.#writable.map(({ connection }) => connection.close()));
  }

  #senderOf(
    { config, connection, logLagMs }: Writable,
    { rows, since, onDeparture }: { rows: SendingRows; since: Since; onDeparture: (departure: Departure) => void },
  ): Sender {
    const context = this.#context;
    const now = () => context.now();
    return {
      store: context.store,
      rows,
      since,
      target: new ConnectorTarget(connection, { config, logLagMs, now }),
      actor: 'service:provisioning',
      live: () => config.state === 'live',
      now,
      onDeparture,
      onCall: (change) => context.inProgress.inc({ kind: 'call' }, change),
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
    const holder: Holder = { token: claimed.token, lost: gone, holds: (transaction) => stands(transaction, lease, claimed) };
    const signal = AbortSignal.any([gone, this.#stopping.signal]);
    try {
      const end = await sendCommands(sender, identityId, holder, { signal });
      if (end.lost || signal.aborted) return this.#soon();
      if (end.fault) throw end.fault;
      return end.next && { next: end.next };
    } catch (error) {
      if (!isStoreTrouble(error) && !signal.aborted) throw error;
      this.#context.logger.warn({ connection, error: String(error) }, 'sending was interrupted; going on soon');
      return this.#soon();
    }
  }

  /** By the database's clock or ours, whichever is later: never at once. */
  #soon(): { next: Date } {
    return { next: new Date(Date.now() + STORE_PAUSE_MS) };
  }
}

/** The lease of the connection and the claim of the row, both still ours. */
async function stands(transaction: Database, lease: Lease, claimed: Claimed): Promise<boolean> {
  try {
    await requireLease(transaction, lease);
    return await holdsClaim(transaction, claimed);
  } catch (error) {
    if (error instanceof LeaseLost) return false;
    throw error;
  }
}
