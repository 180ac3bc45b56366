export type { BatchContext, BatchHandler, Message } from './message.ts';
export { messagingTables } from './tables.ts';
export { BatchStrategy, type StrategyOptions } from './strategy.ts';
export { EmbeddedStrategy } from './embedded-strategy.ts';
export { KafkaStrategy, type KafkaStrategyOptions } from './kafka-strategy.ts';
export { createKafka, ensureTopics, topicConfig, type KafkaOptions } from './kafka-client.ts';
export { dismissDeadMessage, listDeadMessages, retryDeadMessages } from './dead-messages.ts';
export { readCheckpoint, writeCheckpoint } from './seen.ts';
export { type Log } from './log.ts';
