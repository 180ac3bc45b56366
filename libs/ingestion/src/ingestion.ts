import type { Connection, ConnectionConfig, Told } from '@muster/connector';
import type { CommandEnded, CommandSent } from '@muster/contracts';
import { awaitedRead } from '@muster/identity';
import type { Message } from '@muster/messaging';
import { type Database, withLease } from '@muster/read-store';
import { faultOf, type ServiceContext } from '@muster/service-kit';
import { type Claimed, type Handled, type Quarantined, runWorkers, type Workers, workStatus } from '@muster/work';
import { fetchObject } from './fetch-object.ts';
import { type HookStatus, hookStatus } from './check-hooks.ts';
import { fullRead } from './full-read.ts';
import { hearHooks } from './hear-hooks.ts';
import { keepHooks } from './keep-hooks.ts';
import { noteAwaited } from './note-hints.ts';
import { noticePermissions } from './notice-permissions.ts';
import { forgetServed, reasonOf } from './open-hints.ts';
import { readChanges } from './read-changes.ts';
import { CHANGES, FETCH, fetchedObject, FULL_READ, HOOKS, scheduleHooks, scheduleReads } from './rows.ts';
import type { ObjectRef, Source } from './source.ts';

type ReadConfig = Source['config'];

export interface IngestionOptions<C extends ReadConfig> {
  readonly context: ServiceContext;
  readonly kind: C['kind'];
  /** Opens a connection for reading. It is given its settings in state `observe`, so no writer is made here, whatever the file says. */
  readonly open: (config: C) => Connection;
}

const CONCURRENT_FETCHES = 16;

/**
 * Reads the connections of one kind and is the writer of what is observed there: whole once a day, by their changes every few seconds, and single
 * objects whenever a hint or a write of ours asks for it. Each connection is read by one process at a time, under a lease.
 */
export class Ingestion<C extends ReadConfig = ReadConfig> {
  readonly #sources = new Map<string, Source>();
  readonly #held = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #context: ServiceContext;
  #workers: Workers | undefined;
  #leases: Promise<unknown> = Promise.resolve();

  constructor({ context, kind, open }: IngestionOptions<C>) {
    this.#context = context;
    for (const config of context.connections.filter((one): one is C & ConnectionConfig => one.kind === kind)) {
      const { store, logger } = context;
      const connection = open({ ...config, state: 'observe' });
      const database = () => context.database;
      this.#sources.set(config.name, {
        config,
        connection,
        store,
        logger,
        now: () => context.now(),
        get database() {
          return database();
        },
      });
    }
  }

  /** Begins to read; a connection that another process reads is waited for. */
  start(): void {
    const { context, sources } = { context: this.#context, sources: [...this.#sources.values()] };
    this.#leases = Promise.all(sources.map((source) => this.#hold(source)));
    this.#workers = runWorkers({
      store: context.database,
      kinds: [FETCH, CHANGES, FULL_READ, HOOKS],
      concurrency: CONCURRENT_FETCHES,
      connections: () => [...this.#held],
      handle: (claimed) => this.#work(claimed),
      faultOf,
      log: context.logger,
      timeFactor: context.settings.timeFactor,
      onInProgress: (change) => context.inProgress.inc({ kind: 'work' }, change),
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#workers?.stop();
    await this.#leases;
    await Promise.all([...this.#sources.values()].map(({ connection }) => connection.close()));
  }

  /** Has the accounts that our own writes went to read again when those can be settled. */
  async noteWrites(transaction: Database, batch: readonly Message[]): Promise<void> {
    for (const source of this.#sources.values()) {
      const written = batch.flatMap(({ id, type, data, correlationId }) => {
        if (type !== 'CommandEnded' && type !== 'CommandSent') return [];
        const waited = awaitedRead(data as unknown as CommandEnded | CommandSent, source.config.settleMs);
        return waited?.connection === source.config.name ? [{ ...waited, cause: { causationId: id, correlationId } }] : [];
      });
      await noteAwaited(transaction, source, written);
    }
  }

  /** The settings of a connection that this service reads; undefined: it reads none of that name. */
  settingsOf(connection: string): C | undefined {
    return this.#sources.get(connection)?.config as C | undefined;
  }

  /** Takes in what a vendor told over a hook; resolves when it is safely written down. Whoever reads the connection fetches it. */
  async hear(connection: string, told: readonly Told[]): Promise<void> {
    const source = this.#sourceOf(connection);
    await source.database.transaction((transaction) => hearHooks(transaction, source, told));
  }

  /** How each connection hears of changes. */
  hookStatus(): Promise<HookStatus[]> {
    return Promise.all([...this.#sources.values()].map((source) => hookStatus(source.database, source)));
  }

  /** The connections whose reading waits after failures in a row, and until when. */
  async quarantined(): Promise<Quarantined[]> {
    return (await workStatus(this.#context.database.db)).quarantined;
  }

  async #hold(source: Source): Promise<void> {
    const { name } = source.config;
    await withLease(source.database.db, `read ${name}`, { signal: this.#stopping.signal }, async ({ lost }) => {
      await scheduleReads(source.database.db, name);
      if (source.connection.hooks) await scheduleHooks(source.database.db, name);
      this.#held.add(name);
      const ended = AbortSignal.any([lost, this.#stopping.signal]);
      try {
        await new Promise<void>((resolve) => ended.addEventListener('abort', () => resolve(), { once: true }));
      } finally {
        this.#held.delete(name);
      }
      lost.throwIfAborted();
    });
  }

  async #work(claimed: Claimed): Promise<Handled> {
    switch (claimed.kind) {
      case FULL_READ:
        return this.#readWhole(this.#sourceOf(claimed.key));
      case CHANGES:
        return this.#follow(this.#sourceOf(claimed.key));
      case HOOKS:
        return this.#keepHooks(this.#sourceOf(claimed.key));
      default: {
        const { connection, ref } = fetchedObject(claimed.key);
        return this.#fetch(this.#sourceOf(connection), ref);
      }
    }
  }

  #sourceOf(name: string): Source {
    const source = this.#sources.get(name);
    if (!source) throw new TypeError(`${name} is not a connection of this service`);
    return source;
  }

  async #readWhole(source: Source): Promise<Handled> {
    const { complete, first } = await fullRead(source);
    return { next: new Date(this.#context.now().getTime() + waitAfter(source.config, complete, first)) };
  }

  async #follow(source: Source): Promise<Handled> {
    const reached = await readChanges(source);
    await noticePermissions(source);
    return { next: new Date(this.#context.now().getTime() + source.config.incrementalMs), reached };
  }

  async #keepHooks(source: Source): Promise<Handled> {
    const kept = await keepHooks(source);
    // Hooks that are as they should be are not asked for each time.
    return { reached: false, ...(kept ? { next: new Date(this.#context.now().getTime() + this.#context.scaled(kept.againInMs)) } : {}) };
  }

  async #fetch(source: Source, ref: ObjectRef): Promise<Handled> {
    const reason = await reasonOf(source, ref);
    return forgetServed(source, ref, { ...(await fetchObject(source, ref, reason)), awaited: reason.awaited });
  }
}

const INCOMPLETE_TRIES = 30;

/**
 * When to read everything again. After the first complete read once more behind all lag, as nothing may be created before such a one; an incomplete read
 * is repeated soon, as nothing was concluded from it.
 */
function waitAfter({ fullMs, settleMs, incrementalMs }: ReadConfig, complete: boolean, first: boolean): number {
  if (!complete) return Math.min(fullMs, incrementalMs * INCOMPLETE_TRIES);
  return first ? Math.min(fullMs, settleMs) : fullMs;
}
