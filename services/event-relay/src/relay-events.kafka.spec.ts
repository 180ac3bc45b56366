import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { fromHeaders, keySubject, personalFields, topicMap, type Envelope } from '@muster/contracts';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { EventStore, type NewEvent } from '@muster/event-store';
import { startKafka, type KafkaBroker } from '@muster/kafka-local';
import { createKafka, listDeadMessages, messagingTables, type Log } from '@muster/messaging';
import { openReadStore, PgKeyRing, type ReadStore } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import type { Consumer } from 'kafkajs';
import { sql } from 'kysely';
import { openKafkaPublisher } from './adapters/publisher.ts';
import { relayEvents, type Relaying } from './relay-events.ts';

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

interface Seen {
  topic: string;
  key: string;
  envelope: Envelope;
  value: Record<string, unknown> | null;
}

let folder: string;
let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let node: SpawnedEventNode;
let broker: KafkaBroker;
let keyRing: PgKeyRing;
let store: EventStore;
let database: ReadStore;
let subscriber: Consumer;
const seen: Seen[] = [];
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-relay-'));
  postgres = await startTemporaryPostgres();
  node = await spawnEventNode({ dataDir: join(folder, 'events') });
  broker = await startKafka({ dataDir: join(folder, 'kafka') });
  keyRing = await PgKeyRing.open({ url: postgres.url, masterKeyFile: join(folder, 'master.key'), createMasterKeyIfMissing: true });
  store = EventStore.connect({ connectionString: node.connectionString, keyRing, privacy: { personalFields, keySubject } });
  database = await openReadStore({ url: postgres.url, schema: 'event_relay', migrations: messagingTables });
  const first = await openKafkaPublisher({ brokers: [broker.brokers], log: silent });
  await first.close();
  subscriber = createKafka({ brokers: [broker.brokers], clientId: 'spec', log: silent }).consumer({
    groupId: 'spec',
    sessionTimeout: 6_000,
  });
  await subscriber.connect();
  await subscriber.subscribe({ topics: Object.values(topicMap).map(({ name }) => name), fromBeginning: true });
  await subscriber.run({
    eachMessage: ({ topic, message }) => {
      const value = message.value && (JSON.parse(message.value.toString()) as Record<string, unknown>);
      seen.push({ topic, key: String(message.key), envelope: fromHeaders(message.headers ?? {}), value });
      return Promise.resolve();
    },
  });
}, 180_000);

afterAll(async () => {
  await subscriber.disconnect();
  await store.close();
  await database.close();
  await keyRing.close();
  await broker.stop();
  await node.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

afterEach(async () => {
  for (const relay of running.splice(0)) await relay.stop();
});

function start(overrides: Partial<Relaying> = {}): { stop(): Promise<void>; troubles: unknown[] } {
  const closing = new AbortController();
  const troubles: unknown[] = [];
  const done = relayEvents({
    store,
    database,
    log: silent,
    signal: closing.signal,
    openPublisher: () => openKafkaPublisher({ brokers: [broker.brokers], log: silent }),
    onState: (trouble) => troubles.push(trouble),
    ...overrides,
  });
  const stop = async (): Promise<void> => {
    closing.abort();
    await done;
  };
  const relay = { stop, troubles };
  running.push(relay);
  return relay;
}

async function until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 25_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    if (await condition()) return;
    await sleep(30);
  }
  throw new Error(`Within ${timeoutMs} ms it did not come to this: ${what}`);
}

const metadata = (schema: string): NewEvent['metadata'] => ({
  correlationId: 'c',
  occurredAt: '2026-01-01T00:00:00Z',
  schema,
  actor: 'spec',
});
const thing = (n: number): NewEvent => ({ type: 'ThingSeen', data: { n }, metadata: metadata('muster:source/thing-seen.v1') });
const about = (stream: string): Seen[] => seen.filter(({ envelope }) => envelope.stream === stream);
const eventsOf = (stream: string): Seen[] => about(stream).filter(({ topic }) => topic !== topicMap.identityState.name);
const statesOf = (stream: string): Seen[] => about(stream).filter(({ topic }) => topic === topicMap.identityState.name);
const inOrder = (list: Seen[]): number[] => [...new Set(list.map(({ envelope }) => envelope.revision))];
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

const uuid = (n: number): string => `6f1c2a34-5b6d-4e7f-8a90-${String(n).padStart(12, '0')}`;
const identityEvents = (identityId: string, name: string): NewEvent[] => [
  {
    type: 'IdentityCreated',
    data: { identityId, source: { connection: 'hr', stream: 'worker-hr.1' } },
    metadata: metadata('muster:identity/identity-created.v1'),
  },
  {
    type: 'IdentityLifecycleChanged',
    data: { identityId, state: 'active', startsOn: '2026-01-01', timeZone: 'UTC', cause: { stream: 'worker-hr.1', revision: 0 } },
    metadata: metadata('muster:identity/identity-lifecycle-changed.v1'),
  },
  {
    type: 'IdentityAttributesChanged',
    data: { identityId, attributes: { displayName: name }, changed: ['displayName'], provenance: {} },
    metadata: metadata('muster:identity/identity-attributes-changed.v1'),
  },
];

describe('the event relay', () => {
  it('publishes what travels, each stream in order, under the headers of the contract, and nothing else', async () => {
    start();
    const streams = upTo(12).map((n) => `group-order.${n}`);
    await Promise.all(
      streams.map(async (stream) => {
        for (const n of upTo(25)) await store.append(stream, [thing(n)], n === 0 ? 'none' : n - 1);
      }),
    );
    await store.append('case-1', [thing(0)], 'none');
    await until('all published', () => streams.every((stream) => about(stream).length >= 25));
    for (const stream of streams) expect(about(stream).map(({ value }) => value)).toEqual(upTo(25).map((n) => ({ n })));
    const [first] = about('group-order.0');
    expect(first).toMatchObject({
      topic: 'muster.source.events.v1',
      key: 'group-order.0',
      envelope: { type: 'ThingSeen', revision: 0, correlationId: 'c' },
    });
    expect(about('case-1')).toEqual([]);
  }, 60_000);

  it('sends personal fields as ciphertext on internal topics and readable on public ones', async () => {
    start();
    const id = uuid(1);
    await store.append(`identity-${id}`, identityEvents(id, 'Ada Lovelace'), 'none');
    const record = { schemas: ['x'], externalId: '1', name: { givenName: 'Ada', familyName: 'Lovelace' } };
    await store.append(
      'worker-hr.secret',
      [
        {
          type: 'WorkerRecorded',
          data: { connection: 'hr', workerKey: 'ada-1815', record },
          metadata: metadata('muster:source/worker-recorded.v1'),
        },
      ],
      'none',
    );
    await until('both published', () => eventsOf(`identity-${id}`).length >= 3 && about('worker-hr.secret').length >= 1);
    expect(JSON.stringify(about('worker-hr.secret').map(({ value }) => value))).not.toContain('Lovelace');
    expect(eventsOf(`identity-${id}`)[2]?.value).toMatchObject({ attributes: { displayName: 'Ada Lovelace' } });
  }, 60_000);

  it('keeps the compacted topic at the latest state of each identity, over a restart and with its own memory lost, and ends it with a tombstone', async () => {
    const first = start();
    const id = uuid(2);
    const stream = `identity-${id}`;
    await store.append(stream, identityEvents(id, 'First'), 'none');
    await until('first state', () => statesOf(stream).some(({ value }) => value?.['revision'] === 2));
    await first.stop();
    await sql`delete from current`.execute(database.db);
    start();
    await store.append(
      stream,
      [
        {
          type: 'LoginAssigned',
          data: { identityId: id, login: 'ada', attempt: 1 },
          metadata: metadata('muster:identity/login-assigned.v1'),
        },
      ],
      2,
    );
    await until('second state', () => statesOf(stream).some(({ value }) => value?.['revision'] === 3));
    expect(statesOf(stream).at(-1)).toMatchObject({
      key: id,
      value: { identityId: id, login: 'ada', lifecycle: 'active', attributes: { displayName: 'First' } },
    });
    await store.append(
      stream,
      [{ type: 'IdentityErased', data: { identityId: id, erasure: 'e-1' }, metadata: metadata('muster:identity/identity-erased.v1') }],
      3,
    );
    await until('tombstone', () => statesOf(stream).at(-1)?.value === null);
  }, 60_000);

  it('loses nothing and keeps the order when the broker is killed while it publishes', async () => {
    const relay = start();
    const stream = 'group-outage.1';
    await store.append(stream, [thing(0)], 'none');
    await until('first one out', () => about(stream).length >= 1);
    process.kill(broker.pid, 'SIGKILL');
    await broker.ended;
    for (let n = 1; n < 200; n++) await store.append(stream, [thing(n)], n - 1);
    await until('trouble is shown', () => relay.troubles.some((trouble) => trouble !== undefined));
    broker = await startKafka({ dataDir: join(folder, 'kafka') });
    await until('all out', () => inOrder(about(stream)).length === 200, 60_000);
    expect(inOrder(about(stream))).toEqual(upTo(200));
    expect(relay.troubles.at(-1)).toBeUndefined();
  }, 120_000);

  it('is done by one of two at a time, and by the other as soon as the first one stops', async () => {
    const [one, two] = [start(), start()];
    const stream = 'group-pair.1';
    for (const n of upTo(50)) {
      await store.append(stream, [thing(n)], n === 0 ? 'none' : n - 1);
      if (n === 25) await one.stop();
    }
    await until('all out', () => inOrder(about(stream)).length === 50);
    expect(inOrder(about(stream))).toEqual(upTo(50));
    await two.stop();
    const { rows } = await sql<{ token: number }>`select token from lease where name = 'event-relay'`.execute(database.db);
    expect(rows[0]?.token).toBeGreaterThan(1);
  }, 60_000);

  it('shuts out a relay that was replaced without knowing it', async () => {
    const former = await openKafkaPublisher({ brokers: [broker.brokers], log: silent });
    const record = { topic: topicMap.source.name, key: 'k', value: Buffer.from('{}'), headers: {} };
    const next = await openKafkaPublisher({ brokers: [broker.brokers], log: silent });
    await expect(former.publish([record])).rejects.toThrow(/fenced|epoch|newer/i);
    await former.close();
    await next.close();
  }, 60_000);

  it('puts aside an event that can never be carried, and carries the others', async () => {
    start();
    await store.append('group-odd.1', [{ ...thing(0), metadata: { ...thing(0).metadata, schema: 'of somebody else' } }], 'none');
    await store.append('group-odd.2', [thing(0)], 'none');
    await until('the other one out', () => about('group-odd.2').length >= 1);
    expect(about('group-odd.1')).toEqual([]);
    expect((await listDeadMessages(database)).map(({ key }) => key)).toContain('group-odd.1');
  }, 60_000);
});
