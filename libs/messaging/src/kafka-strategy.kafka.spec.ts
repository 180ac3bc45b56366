import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { keyFor, keySubject, personalFields, toHeaders, topicFor, topicMap, type Topic } from '@muster/contracts';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { EventStore, START_POSITION, type RecordedEvent } from '@muster/event-store';
import { startKafka, type KafkaBroker } from '@muster/kafka-local';
import { PgKeyRing } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import type { Message as ProducerMessage, Producer } from 'kafkajs';
import { sql } from 'kysely';
import { dismissDeadMessage, listDeadMessages } from './dead-messages.ts';
import { createKafka, ensureTopics } from './kafka-client.ts';
import { silent } from './log.ts';
import {
  appendThings,
  countApplied,
  describeTransport,
  expectOnceInOrder,
  newName,
  spawnConsumer,
  streamsOf,
  until,
  type ConsumerProcess,
  type Fixture,
} from './testing/conformance.ts';
import { startRecordingConsumer, type RecordingConsumer } from './testing/recording-consumer.ts';

let folder: string;
let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let node: SpawnedEventNode;
let broker: KafkaBroker;
let keyRing: PgKeyRing;
let producer: Producer;
let fixture: Fixture;
let published = START_POSITION;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-kafka-transport-'));
  postgres = await startTemporaryPostgres();
  node = await spawnEventNode({ dataDir: join(folder, 'events') });
  broker = await startKafka({ dataDir: join(folder, 'kafka') });
  const masterKeyFile = join(folder, 'master.key');
  keyRing = await PgKeyRing.open({ url: postgres.url, masterKeyFile, createMasterKeyIfMissing: true });
  const store = EventStore.connect({ connectionString: node.connectionString, keyRing, privacy: { personalFields, keySubject } });
  const kafka = createKafka({ brokers: [broker.brokers], clientId: 'spec', log: silent });
  await ensureTopics(kafka);
  producer = kafka.producer();
  await producer.connect();
  fixture = {
    databaseUrl: postgres.url,
    masterKeyFile,
    storeUrl: node.connectionString,
    store,
    brokers: [broker.brokers],
    publish: publishAll,
  };
}, 180_000);

afterAll(async () => {
  await producer.disconnect();
  await fixture.store.close();
  await keyRing.close();
  await broker.stop();
  await node.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const recordOf = (event: RecordedEvent, data: object = event.data): ProducerMessage => ({
  key: keyFor(event),
  value: JSON.stringify(data),
  headers: toHeaders(event),
});

const send = (event: RecordedEvent): Promise<unknown> =>
  producer.send({ topic: (topicFor(event.stream) as Topic).name, messages: [recordOf(event)] });

let publishing = Promise.resolve();
function publishAll(): Promise<void> {
  publishing = publishing.then(async () => {
    const byTopic = new Map<string, ProducerMessage[]>();
    for await (const event of fixture.store.readAll({ from: published })) {
      published = event.position;
      const topic = topicFor(event.stream)?.name;
      if (topic) byTopic.set(topic, [...(byTopic.get(topic) ?? []), recordOf(event)]);
    }
    await producer.sendBatch({ topicMessages: [...byTopic].map(([topic, messages]) => ({ topic, messages })) });
  });
  return publishing;
}

describeTransport('the Kafka transport', () => fixture);

describe('the Kafka transport alone', () => {
  const consumers: RecordingConsumer[] = [];
  const processes: ConsumerProcess[] = [];
  afterEach(async () => {
    for (const one of processes.splice(0)) await one.kill();
    for (const one of consumers.splice(0)) await one.stop();
  });
  const start = async (name: string, more: { sessionTimeoutMs?: number } = {}): Promise<RecordingConsumer> => {
    const consumer = await startRecordingConsumer({
      ...more,
      databaseUrl: fixture.databaseUrl,
      store: fixture.store,
      brokers: [broker.brokers],
      name,
    });
    consumers.push(consumer);
    await until('a member of its group', () =>
      consumer.strategy.checkHealth().then(
        () => true,
        () => false,
      ),
    );
    return consumer;
  };
  const appendOnly = async (streams: readonly string[], count: number): Promise<RecordedEvent[]> => {
    await appendThings({ ...fixture, publish: () => Promise.resolve() }, streams, count);
    const events: RecordedEvent[] = [];
    for (const stream of streams) for await (const event of fixture.store.readStream(stream)) events.push(event);
    published = await fixture.store.headPosition();
    return events;
  };

  it('divides the work among two consumers and loses, repeats and reorders nothing while they come and go', async () => {
    const name = newName();
    const { database } = await start(name);
    const streams = streamsOf(name, 24);
    const prefix = `group-test.${name}.`;
    await appendThings(fixture, streams, 5);
    const second = await spawnConsumer(fixture, { name, sessionTimeoutMs: 1_500 });
    processes.push(second);
    let rounds = 1;
    await until('both have worked', async () => {
      rounds += 1;
      await appendThings(fixture, streams, 5);
      const { rows } = await sql<{ processes: number }>`select count(distinct process)::int as processes from applied`.execute(database.db);
      return rows[0]?.processes === 2;
    });
    const flowing = appendThings(fixture, streams, 5);
    await second.kill();
    await flowing;
    rounds += 1;
    await until('all applied', async () => (await countApplied(database, prefix)) >= 24 * 5 * rounds);
    await expectOnceInOrder(database, streams, 5 * rounds);
  }, 90_000);

  it('hands its partitions over at once when it is stopped, without waiting for a time-out', async () => {
    const name = newName();
    const streams = streamsOf(name, 12);
    for (let round = 1; round <= 3; round++) {
      const consumer = await start(name, { sessionTimeoutMs: 25_000 });
      consumers.pop();
      await appendThings(fixture, streams, 5);
      await until('applied', async () => (await countApplied(consumer.database, `group-test.${name}.`)) === 60 * round, 8_000);
      await consumer.stop();
    }
  }, 60_000);

  it('applies doubled and reordered messages once and in order, and fills gaps from the store', async () => {
    const name = newName();
    const { database } = await start(name);
    const [stream] = streamsOf(name, 1) as [string];
    const events = await appendOnly([stream], 8);
    const [e0, e1, , e3, e4, , , e7] = events as [
      RecordedEvent,
      RecordedEvent,
      RecordedEvent,
      RecordedEvent,
      RecordedEvent,
      RecordedEvent,
      RecordedEvent,
      RecordedEvent,
    ];
    // 2, 5 and 6 never travel; the others come late, early and again.
    for (const event of [e1, e0, e1, e4, e3, e4, e0, e7, e7]) await send(event);
    await until('eight applied', async () => (await countApplied(database, stream)) >= 8);
    await send(e3);
    await appendThings(fixture, [stream], 1);
    await until('nine applied', async () => (await countApplied(database, stream)) >= 9);
    await expectOnceInOrder(database, [stream], 9);
  }, 40_000);

  it('takes from the store what cannot be read from the topic', async () => {
    const name = newName();
    const { database } = await start(name);
    const [stream] = streamsOf(name, 1) as [string];
    const [event] = (await appendOnly([stream], 1)) as [RecordedEvent];
    await producer.send({ topic: topicMap.source.name, messages: [{ ...recordOf(event), value: '{"secret": "cut o' }] });
    await until('applied', async () => (await countApplied(database, stream)) === 1);
    expect(await listDeadMessages(database)).toEqual([]);
  }, 40_000);

  it('puts aside records that are none of ours, without their content, and goes on', async () => {
    const name = newName();
    const { database } = await start(name);
    const [stream] = streamsOf(name, 1) as [string];
    const [event] = (await appendOnly([stream], 1)) as [RecordedEvent];
    const forged = { ...event, stream: `group-test.${name}.forged`, revision: 7 };
    const foreign = { ...event, stream: `plan-${name}` };
    const stranger = { key: stream, value: 'garbage of a stranger', headers: { ce_id: 'garbage of a stranger' } };
    const huge = { key: stream, value: Buffer.alloc(700_000, 'x'), headers: { ce_specversion: '1.0' } };
    await producer.send({ topic: topicMap.source.name, messages: [stranger, huge, recordOf(forged), recordOf(foreign), recordOf(event)] });
    await until('applied', async () => (await countApplied(database, stream)) === 1);
    await until('four put aside', async () => (await listDeadMessages(database)).length === 4);
    const dead = await listDeadMessages(database);
    expect(dead.map(({ code }) => code).sort()).toEqual([
      'contract.envelope_invalid',
      'contract.envelope_invalid',
      'contract.envelope_invalid',
      'messaging.not_in_store',
    ]);
    expect(JSON.stringify(dead)).not.toContain('garbage of a stranger');
    for (const { id } of dead) expect(await dismissDeadMessage(database, id)).toBe(true);
    expect(await listDeadMessages(database)).toEqual([]);
  }, 40_000);

  it('opens personal fields that travel as ciphertext', async () => {
    const name = newName();
    const { database } = await start(name);
    const stream = `worker-hr.${name}`;
    const record = JSON.parse(await readFile('contracts/examples/source/worker-recorded.v1/valid/minimal.json', 'utf8')) as Record<
      string,
      unknown
    >;
    const metadata = { correlationId: 'c', occurredAt: '2026-01-01T00:00:00Z', schema: 'muster:source/worker-recorded.v1', actor: 'spec' };
    await fixture.store.append(stream, [{ type: 'WorkerRecorded', data: record, metadata }], 'none');
    published = await fixture.store.headPosition();
    for await (const event of fixture.store.readStream(stream)) {
      const sealed = await fixture.store.personalFields.seal({ stream, type: event.type, data: event.data });
      expect(JSON.stringify(sealed)).not.toContain('Zoë');
      await producer.send({ topic: topicMap.source.name, messages: [recordOf(event, sealed)] });
    }
    await until('applied', async () => (await countApplied(database, stream)) === 1);
    const { rows } = await sql`select data from applied where stream = ${stream}`.execute(database.db);
    expect(rows).toEqual([{ data: record }]);
  }, 40_000);

  it('commits offsets soon after the transaction, so that a restart begins behind them', async () => {
    const name = newName();
    const { database } = await start(name);
    await appendThings(fixture, streamsOf(name, 4), 10);
    await until('applied', async () => (await countApplied(database, `group-test.${name}.`)) === 40);
    const admin = createKafka({ brokers: [broker.brokers], clientId: 'spec', log: silent }).admin();
    await admin.connect();
    try {
      await until(
        'no lag',
        async () => {
          const ends = await admin.fetchTopicOffsets(topicMap.source.name);
          const [committed] = await admin.fetchOffsets({ groupId: name, topics: [topicMap.source.name] });
          return ends.every(
            ({ partition, offset }) =>
              offset === '0' || committed?.partitions.find((one) => one.partition === partition)?.offset === offset,
          );
        },
        5_000,
      );
    } finally {
      await admin.disconnect();
    }
  }, 40_000);

  it('goes on by itself when the broker was killed and is back', async () => {
    const name = newName();
    const { database, strategy } = await start(name);
    const streams = streamsOf(name, 6);
    await appendThings(fixture, streams, 5);
    await until('applied', async () => (await countApplied(database, `group-test.${name}.`)) === 30);
    process.kill(broker.pid, 'SIGKILL');
    await broker.ended;
    await until(
      'not healthy',
      () =>
        strategy.checkHealth().then(
          () => false,
          () => true,
        ),
      30_000,
    );
    broker = await startKafka({ dataDir: join(folder, 'kafka') });
    await until(
      'healthy again',
      () =>
        strategy.checkHealth().then(
          () => true,
          () => false,
        ),
      40_000,
    );
    await appendThings(fixture, streams, 5);
    await until('applied', async () => (await countApplied(database, `group-test.${name}.`)) === 60);
    await expectOnceInOrder(database, streams, 10);
  }, 110_000);
});
