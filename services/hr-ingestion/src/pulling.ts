import { connectHr, type HrConnection, isPulled } from '@muster/connector-hr';
import { type Database, type Lease, withLease } from '@muster/read-store';
import { faultOf, type ServiceContext } from '@muster/service-kit';
import { type Claimed, type Handled, runWorkers, upsertWork, type Workers } from '@muster/work';
import { pullChanges } from './pull-changes.ts';
import { pullReport } from './pull-report.ts';
import { judgeRefused, REFUSED } from './refused-records.ts';
import type { Source } from './source.ts';

const REPORT = 'pull-report';
const CHANGES = 'pull-changes';

interface Asked {
  /** How long until it is asked again. */
  readonly wait: number;
  readonly reached: boolean;
}

interface Pulled {
  readonly connection: HrConnection;
  readonly incrementalMs: number;
  readonly fullMs: number;
}

const INCOMPLETE_TRIES = 30;

/**
 * Pulls the reports of the HR connections that have one: whole once a day, what was written every few minutes, and at once when somebody pokes. Each
 * connection is read by one process at a time, under a lease.
 */
export class Pulling {
  readonly #context: ServiceContext;
  readonly #pulled = new Map<string, Pulled>();
  readonly #held = new Set<string>();
  readonly #stopping = new AbortController();
  #crews: readonly Workers[] = [];
  #leases: Promise<unknown> = Promise.resolve();

  constructor(context: ServiceContext) {
    this.#context = context;
    for (const config of context.connections) {
      if (config.kind !== 'hr' || !isPulled(config)) continue;
      const { name, incrementalMs, fullMs } = config;
      this.#pulled.set(name, { connection: connectHr(config), incrementalMs, fullMs });
    }
  }

  start(): void {
    const { database, settings, logger, inProgress } = this.#context;
    this.#leases = Promise.all([...this.#pulled.keys()].map((name) => this.#hold(name)));
    const common = {
      store: database,
      faultOf,
      log: logger,
      timeFactor: settings.timeFactor,
      onInProgress: (change: number) => inProgress.inc({ kind: 'work' }, change),
    };
    this.#crews = [
      runWorkers({
        ...common,
        kinds: [REPORT, CHANGES],
        concurrency: 2 * Math.max(1, this.#pulled.size),
        connections: () => [...this.#held],
        handle: (claimed, lost) => this.#read(claimed, lost),
      }),
      runWorkers({ ...common, kinds: [REFUSED], concurrency: 4, handle: (claimed) => this.#judge(claimed) }),
    ];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#crews.map((crew) => crew.stop()));
    await this.#leases;
    for (const { connection } of this.#pulled.values()) connection.close();
  }

  /** Whether the report of a connection is pulled. */
  pulls(name: string): boolean {
    return this.#pulled.has(name);
  }

  /** Has a connection read now: what was written last, or everything. Whoever holds its lease does it; asked often, it is done once. */
  async poke(name: string, whole: boolean): Promise<void> {
    await this.#ask(this.#context.database.db, name, whole ? [REPORT] : this.#kinds(name));
  }

  /** How a connection is kept up: a report that cannot be asked for changes is read whole. */
  #kinds(name: string): string[] {
    return this.#pulled.get(name)?.connection.workers.followsChanges ? [CHANGES] : [REPORT];
  }

  #ask(db: Database, name: string, kinds: readonly string[]): Promise<void> {
    return upsertWork(
      db,
      kinds.map((kind) => ({ kind, key: name, connection: name })),
    );
  }

  async #hold(name: string): Promise<void> {
    const { database } = this.#context;
    await withLease(database.db, `pull ${name}`, { signal: this.#stopping.signal }, async (lease: Lease) => {
      await this.#ask(database.db, name, [...new Set([REPORT, ...this.#kinds(name)])]);
      this.#held.add(name);
      const ended = AbortSignal.any([lease.lost, this.#stopping.signal]);
      try {
        await new Promise<void>((resolve) => ended.addEventListener('abort', () => resolve(), { once: true }));
      } finally {
        this.#held.delete(name);
      }
      lease.lost.throwIfAborted();
    });
  }

  async #read(claimed: Claimed, lost: AbortSignal): Promise<Handled> {
    const pulled = this.#pulled.get(claimed.key);
    if (!pulled) throw new TypeError(`${claimed.key} is not a connection of this service`);
    const ending = AbortSignal.any([lost, this.#stopping.signal]);
    const source = this.#source(claimed.key, pulled, ending);
    try {
      const { wait, reached } = claimed.kind === REPORT ? await this.#readWhole(source, pulled) : await this.#follow(source, pulled);
      return { next: new Date(this.#context.now().getTime() + wait), reached };
    } catch (error) {
      if (ending.aborted && !faultOf(error)) return { next: this.#context.now(), reached: false };
      throw error;
    }
  }

  async #readWhole(source: Source, { fullMs, incrementalMs }: Pulled): Promise<Asked> {
    const { outcome, reached } = await pullReport(source);
    const waits = { complete: fullMs, incomplete: Math.min(fullMs, incrementalMs * INCOMPLETE_TRIES), interrupted: 0 };
    return { wait: waits[outcome], reached };
  }

  async #follow(source: Source, { incrementalMs }: Pulled): Promise<Asked> {
    const { missedChanges, reached } = await pullChanges(source);
    if (missedChanges) await this.#ask(source.database.db, source.name, [REPORT]);
    return { wait: incrementalMs, reached };
  }

  async #judge({ key }: Claimed): Promise<Handled> {
    const { database } = this.#context;
    const judged = await judgeRefused(database, key);
    if (judged && this.pulls(judged.readAgain)) await this.#ask(database.db, judged.readAgain, [REPORT]);
  }

  #source(name: string, { connection }: Pulled, ending: AbortSignal): Source {
    const { store, logger, database } = this.#context;
    return { name, workers: connection.workers, store, database, logger, ending, now: () => this.#context.now() };
  }
}
