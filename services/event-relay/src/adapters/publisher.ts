import type { Topic } from '@muster/contracts';
import { createKafka, ensureTopics, type Log } from '@muster/messaging';
import { type Kafka, Partitioners, type Producer } from 'kafkajs';
import type { OutgoingRecord } from '../to-records.ts';

/** Publishes lists of records, each list as one transaction of the broker: consumers see all of it or nothing. */
export interface Publisher {
  /** Resolves when the broker has the whole list safely; throws otherwise, and then this publisher is not to be used again. */
  publish(records: readonly OutgoingRecord[]): Promise<void>;
  /** Whether nothing was ever written to a topic. */
  isEmpty(topic: string): Promise<boolean>;
  close(): Promise<void>;
}

/** One id for all relays of an installation: whoever opens it last shuts the others out. */
const TRANSACTIONAL_ID = 'muster-event-relay';
const TRANSACTION_TIMEOUT_MS = 20_000;

export interface PublisherOptions {
  brokers: readonly string[];
  log: Log;
  /** Beside the topics of the topic map. */
  topics?: readonly Topic[];
}

/** Creates missing topics, then opens a publisher that fences off every earlier one. Throws while the broker is away. */
export async function openKafkaPublisher(options: PublisherOptions): Promise<Publisher> {
  const kafka = createKafka({ ...options, clientId: 'muster-event-relay' });
  await ensureTopics(kafka, options.topics);
  const producer = kafka.producer({
    transactionalId: TRANSACTIONAL_ID,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    // The broker ends a transaction a moment after it has answered, and refuses the next one until then: ask again soon.
    retry: { initialRetryTime: 4, maxRetryTime: 1_000, retries: 10 },
  });
  await producer.connect();
  try {
    // The broker shuts the others out with the first transaction, not with the connection.
    await (await producer.transaction()).abort();
  } catch (error) {
    await producer.disconnect().catch(() => {});
    throw error;
  }
  return new KafkaPublisher(kafka, producer);
}

class KafkaPublisher implements Publisher {
  readonly #kafka: Kafka;
  readonly #producer: Producer;

  constructor(kafka: Kafka, producer: Producer) {
    this.#kafka = kafka;
    this.#producer = producer;
  }

  async publish(records: readonly OutgoingRecord[]): Promise<void> {
    // A transaction that fails is left open: the next publisher ends it when it shuts this one out.
    const transaction = await this.#producer.transaction();
    await transaction.sendBatch({ acks: -1, topicMessages: [...byTopic(records)].map(([topic, messages]) => ({ topic, messages })) });
    await transaction.commit();
  }

  async isEmpty(topic: string): Promise<boolean> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      return (await admin.fetchTopicOffsets(topic)).every(({ high }) => high === '0');
    } finally {
      await admin.disconnect();
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect().catch(() => {});
  }
}

const byTopic = (records: readonly OutgoingRecord[]): Map<string, OutgoingRecord[]> => Map.groupBy(records, ({ topic }) => topic);
