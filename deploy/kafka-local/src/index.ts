export { startKafka, type KafkaBroker, type KafkaLocalOptions } from './start-kafka.ts';
export { CannotRunKafka } from './jars.ts';
