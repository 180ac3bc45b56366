import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxProcess } from '@muster/connector/testing';
import { type CommandEnded, keySubject, personalFields, schemaOf, streamOf, topicMap } from '@muster/contracts';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { EventStore, type RecordedEvent } from '@muster/event-store';
import { openReadStore, PgKeyRing, type ReadStore } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { createLogger, type ServiceContext } from '@muster/service-kit';
import { upsertWork, workTables } from '@muster/work';
import { sql } from 'kysely';
import { Ingestion } from '../ingestion.ts';
import { FETCH, FULL_READ } from '../rows.ts';
import { ingestionTables } from '../tables.ts';
import { type Listed, type Tampering, tampered } from './tampering.ts';
import type { ReadConfig, Vendor } from './vendor.ts';

const TIME_FACTOR = 60;

/** Resolves with the first answer that is not undefined. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs = 20_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`did not come to be within ${timeoutMs} ms: ${what}`);
    await sleep(25);
  }
}

interface Parts {
  folder: string;
  node: SpawnedEventNode;
  postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
  keyRing: PgKeyRing;
  store: EventStore;
  database: ReadStore;
}

/** Real parts, shared by the tests of one vendor: event node, PostgreSQL, sandbox. */
export class Rig {
  #named = 0;

  private constructor(
    readonly vendor: Vendor,
    readonly sandbox: SandboxProcess,
    private readonly parts: Parts,
  ) {}

  get store(): EventStore {
    return this.parts.store;
  }

  get database(): ReadStore {
    return this.parts.database;
  }

  static async build(vendor: Vendor): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-ingestion-'));
    const [postgres, node, sandbox] = await Promise.all([startTemporaryPostgres(), spawnEventNode({ dataDir: folder }), vendor.start()]);
    await sandbox.admin('POST', '/seed', { workers: 24, groups: 5, apps: 2 });
    await sandbox.admin('POST', '/limits', { enabled: false });
    const masterKeyFile = join(folder, 'master.key');
    const keyRing = await PgKeyRing.open({ url: postgres.url, masterKeyFile, createMasterKeyIfMissing: true });
    const store = EventStore.connect({ connectionString: node.connectionString, keyRing, privacy: { personalFields, keySubject } });
    const database = await openReadStore({ url: postgres.url, schema: 'ingestion', migrations: [...workTables, ...ingestionTables] });
    return new Rig(vendor, sandbox, { folder, node, postgres, keyRing, store, database });
  }

  async tearDown(): Promise<void> {
    const { folder, node, postgres, keyRing } = this.parts;
    await this.database.close();
    await this.store.close();
    await keyRing.close();
    await Promise.all([node.stop(), postgres.stop(), this.sandbox.stop()]);
    await rm(folder, { recursive: true, force: true });
  }

  /** A connection that was never read; the settings are quick unless said otherwise. */
  observer(settings: Partial<Pick<ReadConfig, 'settleMs' | 'incrementalMs'>> = {}): Observer {
    this.#named += 1;
    const config = this.vendor.config(this.sandbox, `${this.vendor.kind}-${this.#named}`);
    return new Observer(this, { ...config, settleMs: 300, incrementalMs: 150, fullMs: 10 ** 9, ...settings });
  }

  people(): Promise<string[]> {
    return this.vendor.people(this.sandbox);
  }

  async fault(rule: Record<string, unknown>): Promise<void> {
    await this.sandbox.admin('POST', '/faults', { server: this.vendor.server, ...rule });
  }

  async clearFaults(): Promise<void> {
    await this.sandbox.admin('DELETE', '/faults');
  }

  /** How often a path was asked for. */
  async calls(path: string): Promise<number> {
    const { entries } = (await this.sandbox.admin('GET', `/journal?server=${this.vendor.server}&limit=100000`)) as {
      entries: { method: string; path: string }[];
    };
    const wanted = new RegExp(path);
    return entries.filter((entry) => entry.method === 'GET' && wanted.test(entry.path.split('?')[0] ?? '')).length;
  }
}

const present = (config: ReadConfig, { store, database }: Rig): ServiceContext =>
  ({
    name: 'ingestion',
    settings: { timeFactor: TIME_FACTOR },
    store,
    connections: [config],
    logger: createLogger('ingestion', process.env['MUSTER_LOG_LEVEL'] ?? 'silent'),
    inProgress: { inc: () => undefined },
    database,
    now: () => new Date(),
  }) as unknown as ServiceContext;

/** One connection being read, and what came of it. */
export class Observer {
  /** Lists in the order in which they were asked for. */
  readonly asked: Listed[] = [];
  tampering: Tampering = {};
  #ingestion: Ingestion | undefined;

  constructor(
    private readonly rig: Rig,
    readonly config: ReadConfig,
  ) {}

  /** Begins to read, as a process that has just been started. */
  start(): void {
    const through: Tampering = {
      page: (kind, page) => this.tampering.page?.(kind, page) ?? page,
      beforeAccount: async (id) => this.tampering.beforeAccount?.(id),
    };
    this.#ingestion = new Ingestion({
      context: present(this.config, this.rig),
      kind: this.config.kind,
      open: (config) => tampered(this.rig.vendor.connect(config), through, this.asked),
    });
    this.#ingestion.start();
  }

  async stop(): Promise<void> {
    await this.#ingestion?.stop();
    this.#ingestion = undefined;
  }

  /** Begins to read and waits for the two full reads that a new connection begins with. */
  async settle(): Promise<this> {
    this.start();
    await this.ended(this.config.settleMs > 10_000 ? 1 : 2);
    await this.quiet();
    return this;
  }

  /** Has everything read again and waits for what follows from it. */
  async readAgain(): Promise<RecordedEvent> {
    const before = (await this.ends()).length;
    await upsertWork(this.rig.database.db, [{ kind: FULL_READ, key: this.config.name, connection: this.config.name }]);
    const end = await this.ended(before + 1);
    await this.quiet();
    return end;
  }

  /** Waits until nothing is due to be fetched. */
  async quiet(): Promise<void> {
    await until('nothing is left to fetch', async () => {
      const { rows } = await sql<{ open: number }>`
        select count(*)::int as open from work where kind = ${FETCH} and connection = ${this.config.name}
          and (claimed_until is not null or due < clock_timestamp() + interval '1 second')`.execute(this.rig.database.db);
      return rows[0]?.open === 0 ? true : undefined;
    });
  }

  /** What is recorded of objects, in order. */
  facts(...types: string[]): Promise<RecordedEvent[]> {
    const prefixes = ['account', 'group', 'app'].map((category) => `${category}-${this.config.name}.`);
    return this.#events(prefixes, types);
  }

  async factsOf(id: string, ...types: string[]): Promise<RecordedEvent[]> {
    return this.#events([`account-${this.config.name}.${id}`], types);
  }

  reads(...types: string[]): Promise<RecordedEvent[]> {
    return this.#events([streamOf.read(this.config.name)], types);
  }

  ends(): Promise<RecordedEvent[]> {
    return this.reads('ReadCompleted', 'ReadFailed');
  }

  /** The end of the n-th full read. */
  ended(count: number): Promise<RecordedEvent> {
    return until(`${count} full reads of ${this.config.name} have ended`, async () => (await this.ends())[count - 1], 40_000);
  }

  /** The title that was recorded last. */
  async titleOf(id: string): Promise<unknown> {
    const seen = await this.factsOf(id, 'AccountObserved');
    const profiles = seen.map(({ data }) => (data as { profile?: Record<string, unknown> }).profile ?? {});
    return profiles.findLast((profile) => Object.hasOwn(profile, this.rig.vendor.title))?.[this.rig.vendor.title];
  }

  recorded(id: string, title: string, timeoutMs?: number): Promise<true> {
    return until(`${title} is recorded`, async () => ((await this.titleOf(id)) === title ? true : undefined), timeoutMs);
  }

  /** Whether a hint on an account is still open. */
  async isOpen(id: string): Promise<boolean> {
    const { rows } =
      await sql`select 1 from watched_object where connection = ${this.config.name} and kind = 'account' and id = ${id}`.execute(
        this.rig.database.db,
      );
    return rows.length > 0;
  }

  /** Has an account fetched now. */
  fetchNow(id: string): Promise<void> {
    return upsertWork(this.rig.database.db, [
      { kind: FETCH, key: `${this.config.name} account ${id}`, connection: this.config.name, lane: 'live' },
    ]);
  }

  /** How often a fetch of this account was asked for since its row was made; undefined: there is no row. */
  async asks(id: string): Promise<number | undefined> {
    const { rows } = await sql<{ version: number }>`
      select version from work where kind = ${FETCH} and key = ${`${this.config.name} account ${id}`}`.execute(this.rig.database.db);
    return rows[0]?.version;
  }

  /** Says that we have just set the title of an account. */
  async wrote(id: string): Promise<RecordedEvent> {
    const identityId = randomUUID();
    const at = new Date().toISOString();
    const data: CommandEnded = {
      planId: randomUUID(),
      commandId: randomUUID(),
      identityId,
      connection: this.config.name,
      object: { kind: 'account', id },
      action: 'set',
      field: this.rig.vendor.title,
      valueHmac: 'hmac',
      generation: 0,
      result: 'done',
      probed: false,
      sentAt: at,
      answeredAt: at,
      attempts: 1,
    };
    const metadata = { correlationId: randomUUID(), occurredAt: at, schema: schemaOf('CommandEnded'), actor: 'test' };
    const stream = streamOf.provisioning(identityId);
    await this.rig.store.append(stream, [{ type: 'CommandEnded', data, metadata }], 'none');
    const [event] = await this.#events([stream], []);
    if (!event) throw new Error('the result was not recorded');
    const { name: topic } = topicMap.provisioningEvents;
    const message = { ...event, ...metadata, topic, key: identityId, data: event.data as Record<string, unknown> };
    await this.rig.database.transaction(async (transaction) => this.#ingestion?.noteWrites(transaction, [message]));
    return event;
  }

  async #events(prefixes: string[], types: string[]): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of this.rig.store.readAll({ prefixes }))
      if (types.length === 0 || types.includes(event.type)) events.push(event);
    return events;
  }
}
