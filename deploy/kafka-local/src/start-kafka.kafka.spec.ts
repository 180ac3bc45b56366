import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { startKafka, type KafkaBroker } from './index.ts';

let dataDir: string;
let broker: KafkaBroker;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'muster-kafka-'));
  broker = await startKafka({ dataDir });
}, 120_000);
afterAll(async () => {
  await broker.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 30_000);

const client = (): Kafka => new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING });

async function topics(): Promise<string[]> {
  const admin = client().admin();
  await admin.connect();
  try {
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}

async function create(topic: string): Promise<void> {
  const admin = client().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
}

async function offsetAfterSending(topic: string): Promise<string | undefined> {
  const producer = client().producer();
  await producer.connect();
  const [sent] = await producer.send({ topic, messages: [{ value: 'x' }], acks: -1 });
  await producer.disconnect();
  return sent?.baseOffset;
}

describe('the local Kafka', () => {
  it('keeps its address, topics and messages when it is killed and started again', async () => {
    await create('kept');
    expect(await offsetAfterSending('kept')).toBe('0');
    process.kill(broker.pid, 'SIGKILL');
    await broker.ended;
    const before = broker.brokers;
    broker = await startKafka({ dataDir });
    expect(broker.brokers).toBe(before);
    expect(await topics()).toContain('kept');
    expect(await offsetAfterSending('kept')).toBe('1');
  }, 90_000);

  it('takes over a folder from a broker whose starter was killed', async () => {
    const orphan = broker;
    broker = await startKafka({ dataDir });
    await orphan.ended;
    expect(broker.pid).not.toBe(orphan.pid);
    expect(await topics()).toContain('kept');
  }, 90_000);
});
