import { topics, type Topic } from '@muster/contracts';
import { Kafka, logLevel, type ITopicConfig, type LogEntry } from 'kafkajs';
import { guardIdleKafka } from './kafkajs-idle-guard.ts';
import type { Log } from './log.ts';

export interface KafkaOptions {
  brokers: readonly string[];
  /** Shown in the broker's logs. */
  clientId: string;
  log: Log;
}

// What kafkajs says again and again while a broker is away, is just coming up, or is not quite done with what it was asked before. Whoever uses the client says once that it waits.
const PASSING =
  /coordinator is (loading|not available)|not the correct coordinator|no leader for this topic-partition|rebalancing|metadata|connection|Failed to connect|Restarting the consumer|Crash|Limiting retries|concurrent operation|Failed to send messages|Topic creation/i;

/** A kafkajs client that logs where we log, and does nothing while there is nothing to do. */
export function createKafka({ brokers, clientId, log }: KafkaOptions): Kafka {
  guardIdleKafka();
  return new Kafka({
    clientId,
    brokers: [...brokers],
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    // Whoever uses the client tries again for ever, and says meanwhile what it waits for.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 8 },
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => write(log, entry),
  });
}

function write(log: Log, { level, log: { message, error, groupId, broker } }: LogEntry): void {
  const fields = {
    kafka: true,
    ...(error ? { error: String(error) } : {}),
    ...(groupId ? { groupId: String(groupId) } : {}),
    ...(broker ? { broker: String(broker) } : {}),
  };
  const passing = PASSING.test(message) || PASSING.test(String(error ?? ''));
  if (level > logLevel.WARN || passing) log.debug(fields, message);
  else log.warn(fields, message);
}

const DAY_MS = 86_400_000;
/** An event may have 1 MiB; the broker counts what one partition gets in one request. */
const LARGEST_RECORD_BATCH = 4 * 1024 * 1024;

/** What a topic of the topic map is for the broker. */
export const topicConfig = (topic: Topic, replicationFactor: number): ITopicConfig => ({
  topic: topic.name,
  numPartitions: topic.partitions,
  replicationFactor,
  configEntries: [
    { name: 'cleanup.policy', value: topic.cleanup },
    { name: 'max.message.bytes', value: String(LARGEST_RECORD_BATCH) },
    ...(topic.retentionMs === undefined ? [] : [{ name: 'retention.ms', value: String(topic.retentionMs) }]),
    ...(topic.cleanup === 'compact'
      ? [
          { name: 'max.compaction.lag.ms', value: String(DAY_MS) },
          { name: 'min.cleanable.dirty.ratio', value: '0.1' },
        ]
      : []),
  ],
});

/**
 * Creates the topics of the topic map, and others that are named, if they are missing; existing ones stay as they are. Safe to call from any number of processes at once. Copies:
 * three, or as many as there are brokers.
 */
export async function ensureTopics(kafka: Kafka, others: readonly Topic[] = []): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const missing = [...topics, ...others].filter(({ name }) => !existing.has(name));
    if (missing.length === 0) return;
    const { brokers } = await admin.describeCluster();
    const copies = Math.min(3, brokers.length);
    await admin.createTopics({ topics: missing.map((topic) => topicConfig(topic, copies)), waitForLeaders: true });
  } finally {
    await admin.disconnect();
  }
}
