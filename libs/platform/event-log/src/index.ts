export * from './port';
export { murmur2, partitionOf } from './partition';
export { appendFitting, appendInSlices, bytesOf, MAX_READ_BYTES, SLICE_BYTES, slicesOf } from './slices';
export { openEmbeddedEventLog } from './embedded/embedded-event-log';
export { openKafkaEventLog } from './kafka/kafka-event-log';
export { TopicPolicyError } from './kafka/kafka-admin';
export {
  KAFKA_DEFAULTS,
  type KafkaSettings,
  type SaslCredentials,
  type SaslMechanism,
  tailGroupPrefix,
} from './kafka/kafka-settings';
export { NothingRanError, openSystemLog, wrongPartitionCount } from './open-system-log';
export { kafkaSettingsOf, type LogClient, openEventLog, type OpenOptions } from './open-event-log';
