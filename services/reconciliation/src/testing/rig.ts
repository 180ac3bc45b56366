import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CaseOpened, type Command, type EventType, type FlowDocument, type ReadRef, schemaOf, streamOf } from '@muster/contracts';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { comparePositions, type EventStore, type RecordedEvent } from '@muster/event-store';
import {
  type Identity,
  identityCategory,
  type Plan,
  planCategory,
  type PlanDraft,
  recordWorker,
  workerCategory,
  type WorkerEvent,
} from '@muster/identity';
import { workerRecord } from '@muster/identity/testing';
import { readCheckpoint } from '@muster/messaging';
import { openReadStore, type ReadStore } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { openPlatform, type Platform, readSettings, type RunningService, startService } from '@muster/service-kit';
import { sql } from 'kysely';
import { reconciliation } from '../index.ts';
import { identityIdOf } from '../reconcile-identity.ts';
import { markDirty } from '../dirty.ts';
import { connectionFile } from './connection-file.ts';

const TIME_FACTOR = 60;
const HOUR_MS = 3_600_000;
const ago = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString();

/** Resolves with the first answer that is not undefined. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs = 20_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`did not come to be within ${timeoutMs} ms: ${what}`);
    await sleep(30);
  }
}

export interface Delivery {
  readonly id: string;
  readonly operation: number;
  readonly read?: 'full' | 'incremental';
}

type Worker = Parameters<typeof workerRecord>[0] & { readonly version?: number; readonly delivery?: Delivery; readonly more?: object };

/** The service on an event node and PostgreSQL. What other services would write is written by the test. */
export class Rig {
  service: RunningService | undefined;
  #lastPosition = '0';

  private constructor(
    readonly platform: Platform,
    private readonly parts: {
      folder: string;
      node: SpawnedEventNode;
      postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
      database: ReadStore;
    },
  ) {}

  static async build(connections: readonly string[]): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-reconciliation-'));
    const [postgres, node] = await Promise.all([startTemporaryPostgres(), spawnEventNode({ dataDir: folder })]);
    const environment = {
      MUSTER_STORE: node.connectionString,
      MUSTER_DATABASE: postgres.url,
      MUSTER_MASTER_KEY_FILE: join(folder, 'master.key'),
      MUSTER_CONNECTIONS: join(folder, 'connections.yaml'),
      MUSTER_INTERNAL_TOKEN_FILE: join(folder, 'token'),
      MUSTER_TIME_FACTOR: String(TIME_FACTOR),
      MUSTER_LOG_LEVEL: process.env['MUSTER_LOG_LEVEL'] ?? 'silent',
    };
    await writeFile(environment.MUSTER_INTERNAL_TOKEN_FILE, randomBytes(32).toString('hex'), { mode: 0o600 });
    const secret = join(folder, 'secret');
    await writeFile(secret, 'nobody is called', { mode: 0o600 });
    await writeFile(environment.MUSTER_CONNECTIONS, connectionFile(connections, secret));
    const platform = await openPlatform(readSettings(environment));
    const database = await openReadStore({ url: postgres.url, schema: 'reconciliation' });
    return new Rig(platform, { folder, node, postgres, database });
  }

  get store(): EventStore {
    return this.platform.store;
  }

  /** The rows of the service. */
  get db(): ReadStore['db'] {
    return this.parts.database.db;
  }

  async start(): Promise<void> {
    this.service = await startService(reconciliation, this.platform);
  }

  async stop(): Promise<void> {
    await this.service?.close();
    this.service = undefined;
  }

  async tearDown(): Promise<void> {
    await this.stop();
    await this.platform.close();
    const { folder, node, postgres, database } = this.parts;
    await database.close();
    await Promise.all([node.stop(), postgres.stop()]);
    await rm(folder, { recursive: true, force: true });
  }

  /** What the service answers to the console. */
  async ask<T>(path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.service?.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${this.platform.settings.internalToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** HR states a worker. Answers the id of the person that follows. */
  async hire(key: string, { version = 1, delivery, more, ...change }: Worker = {}): Promise<string> {
    const record = { ...workerRecord({ key, ...change }), ...more };
    const stream = streamOf.worker('hr-main', await this.store.personalFields.opaqueName('worker', 'hr-main', key));
    const stated = { connection: 'hr-main', workerKey: key, sourceKey: `v${version}`, recordVersion: version, effectiveFrom: '2026-01-01' };
    const { position } = await this.store.transact(
      workerCategory,
      stream,
      recordWorker({ ...stated, record, ...(delivery ? { delivery } : {}) }),
      (event: WorkerEvent) => metadata(event.type),
    );
    this.#keep(position);
    return this.idOf(key);
  }

  idOf(key: string): Promise<string> {
    return identityIdOf(this.store, 'hr-main', key);
  }

  /** An account is seen; by a single fetch, unless said otherwise. */
  see(connection: string, accountId: string, profile: Record<string, string>, kind: ReadRef['kind'] = 'fetch'): Promise<void> {
    const read = { readId: randomUUID(), kind, startedAt: new Date().toISOString() };
    const data = { connection, accountId, profile, status: 'ACTIVE', enabled: true, aspects: ['profile', 'status'], read };
    return this.append(streamOf.account(connection, accountId), 'AccountObserved', data);
  }

  /** An account is seen to hold a group. */
  hold(connection: string, accountId: string, groupId: string): Promise<void> {
    const read = { readId: randomUUID(), kind: 'fetch', startedAt: new Date().toISOString() };
    const held = { holder: { kind: 'account', id: accountId }, entitlement: { kind: 'group', id: groupId }, via: 'direct' };
    return this.append(streamOf.account(connection, accountId), 'EntitlementObserved', { connection, ...held, read });
  }

  group(connection: string, groupId: string, name: string): Promise<void> {
    const read = { readId: randomUUID(), kind: 'full', startedAt: ago(1) };
    return this.append(streamOf.group(connection, groupId), 'GroupObserved', {
      connection,
      groupId,
      name,
      groupKind: 'group',
      writable: true,
      read,
    });
  }

  /** A complete full read, begun long after the connection was declared. */
  async readWhole(connection: string): Promise<void> {
    const stream = streamOf.read(connection);
    const first = { readId: randomUUID(), kind: 'full', startedAt: ago(2) };
    await this.append(stream, 'ReadStarted', { connection, read: first, scopes: ['users'] });
    const read = { readId: randomUUID(), kind: 'full', startedAt: ago(1) };
    const proof = { complete: true, pages: 1, counts: {}, permissions: [], missingPermissions: [] };
    await this.append(stream, 'ReadCompleted', { connection, read, finishedAt: ago(1), ...proof });
  }

  async publish(document: FlowDocument): Promise<void> {
    const data = { flowId: document.flow, version: document.version, document, contentHash: randomUUID(), publishedBy: 'test' };
    await this.append(streamOf.flow(document.flow), 'FlowPublished', data);
  }

  /** A command of a person's plan came to its end. */
  end(identityId: string, command: Command, more: object = {}): Promise<void> {
    const { commandId, connection, object, action, valueHmac, generation, field, value, profile, entitlement } = command;
    const now = new Date().toISOString();
    return this.append(streamOf.provisioning(identityId), 'CommandEnded', {
      identityId,
      planId: randomUUID(),
      commandId,
      connection,
      object,
      action,
      valueHmac,
      generation,
      ...(field ? { field } : {}),
      ...(value === undefined ? {} : { value }),
      ...(profile ? { profile } : {}),
      ...(entitlement ? { entitlement } : {}),
      result: 'done',
      sentAt: now,
      answeredAt: now,
      attempts: 1,
      probed: false,
      ...more,
    });
  }

  async append(stream: string, type: EventType, data: object): Promise<void> {
    const { position } = await this.store.append(stream, [{ type, data, metadata: metadata(type) }], 'any');
    if (!stream.startsWith('flow-')) this.#keep(position);
  }

  async identity(identityId: string): Promise<Identity> {
    return (await this.store.load(identityCategory, streamOf.identity(identityId))).state;
  }

  async plan(identityId: string): Promise<Plan> {
    return (await this.store.load(planCategory, streamOf.plan(identityId))).state;
  }

  dryRun(identityId: string): Promise<PlanDraft> {
    return this.ask<PlanDraft>(`/plan/${identityId}`);
  }

  async casesOf(identityId: string): Promise<CaseOpened[]> {
    const { cases } = await this.ask<{ cases: CaseOpened[] }>('/cases');
    return cases.filter((one) => one.identityId === identityId);
  }

  async events(...prefixes: string[]): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of this.store.readAll({ prefixes })) events.push(event);
    return events;
  }

  /** Resolves when everything has been heard, nobody is left to be looked at now, and every run is judged. */
  async rest(timeoutMs?: number): Promise<void> {
    let before = '';
    let still = 0;
    await until(
      'everybody was looked at',
      async () => {
        const head = await this.store.headPosition();
        still = head === before && (await this.#isIdle()) ? still + 1 : 0;
        before = head;
        return still >= 5 ? true : undefined;
      },
      timeoutMs,
    );
  }

  /** Has everybody looked at once more. */
  async lookAgain(): Promise<void> {
    const { db } = this.parts.database;
    const { rows } = await sql<{ identity_id: string }>`select identity_id from person`.execute(db);
    const cause = { id: randomUUID(), correlationId: randomUUID() };
    await markDirty(
      db,
      rows.map((row) => ({ identityId: row.identity_id, lane: 'live', cause })),
    );
    await this.rest();
  }

  /** Keeps a person from being looked at until the answer is called. */
  async keepFromWork(identityId: string): Promise<() => Promise<void>> {
    const { db } = this.parts.database;
    await sql`insert into work (kind, key, lane, due, claimed_until, holder) values ('reconcile', ${identityId}, 1, now(), now() + interval '1 minute', 'test')`.execute(
      db,
    );
    return async () => void (await sql`update work set claimed_until = null where holder = 'test'`.execute(db));
  }

  async #isIdle(): Promise<boolean> {
    const { db } = this.parts.database;
    const reached = await readCheckpoint(db, 'store');
    if (reached === undefined || comparePositions(reached, this.#lastPosition) < 0) return false;
    const { rows } =
      await sql`select 1 from work where due <= clock_timestamp() + interval '1 second' or claimed_until is not null or kind = 'judge-run'`.execute(
        db,
      );
    return rows.length === 0;
  }

  #keep(position: string | undefined): void {
    if (position !== undefined && comparePositions(position, this.#lastPosition) > 0) this.#lastPosition = position;
  }
}

const metadata = (type: EventType) => ({
  correlationId: randomUUID(),
  occurredAt: new Date().toISOString(),
  schema: schemaOf(type),
  actor: 'test',
});
