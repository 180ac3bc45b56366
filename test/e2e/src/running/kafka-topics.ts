import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel, type Consumer } from 'kafkajs';

/** A message as a subscriber gets it. */
export interface Received {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /** null: a tombstone. */
  readonly value: string | null;
}

const QUIET_MS = 2_500;

export const kafkaOf = (brokers: string): Kafka => new Kafka({ clientId: 'subscriber', brokers: [brokers], logLevel: logLevel.NOTHING });

/** Starts a consumer that reads topics from their beginning and hands each message on, in the order of its partition. */
export async function follow(
  kafka: Kafka,
  groupId: string,
  topics: readonly string[],
  onMessage: (message: Received) => void,
): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 10_000 });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]));
      const { offset, key, value } = message;
      onMessage({ topic, partition, offset, key: key?.toString() ?? '', headers, value: value?.toString() ?? null });
    },
  });
  return consumer;
}

/** Everything that topics hold, once nothing more comes. */
export async function readTopics(kafka: Kafka, groupId: string, topics: readonly string[]): Promise<Received[]> {
  const received: Received[] = [];
  let last = performance.now() + 5_000;
  const consumer = await follow(kafka, groupId, topics, (message) => {
    received.push(message);
    last = performance.now();
  });
  const end = performance.now() + 40_000;
  try {
    while (performance.now() < last + QUIET_MS && performance.now() < end) await sleep(100);
    return received;
  } finally {
    await consumer.disconnect();
  }
}
