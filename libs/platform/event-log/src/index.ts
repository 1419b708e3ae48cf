export * from './port';
export { murmur2, partitionOf } from './partition';
export { openEmbeddedEventLog } from './embedded/embedded-event-log';
export { openKafkaEventLog } from './kafka/kafka-event-log';
export { KAFKA_DEFAULTS, type KafkaSettings } from './kafka/kafka-settings';
