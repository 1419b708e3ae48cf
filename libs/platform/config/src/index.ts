export { ConfigError, loadConfig } from './load-config';
export {
  beforeFailure,
  endAfter,
  endByFailure,
  EXIT_CONFIGURATION,
  exitCodeOf,
  messageOrStack,
  type ProgramFailure,
} from './program-end';
export {
  isMessage,
  type ProcessMessage,
  type ProgressMessage,
  SHUTDOWN_LIMIT_MS,
  tellParent,
} from './process-messages';
export { type NumberBounds, numberText, type SettingValues, valuesOf } from './setting-values';
export { requireFolder } from './require-folder';
export { Secret, secret } from './secret';
export * from './settings';
export { grpcTlsFiles, grpcTlsSettings, type GrpcTlsSettings } from './grpc-tls-settings';
export type { CertificateFiles } from './certificate-files';
export type { Certificates } from './certificates';
export { type ClientTls, clientTls, grpcCertificates, kafkaCertificates, redisCertificates } from './tls-files';
export {
  checkStoreSettings,
  featureStoreSettings,
  type FeatureStoreSettings,
  objectStoreSettings,
  requireConsistent,
  type StoredFilesSettings,
} from './store-settings';
export {
  checkEventLogSettings,
  eventLogSettings,
  type EventLogSettings,
  requireConsistentEventLog,
} from './event-log-settings';
export { checkDriverSettings, driverSettings, type DriverSettings, loadDriverSettings } from './driver-settings';
export { MALLOC_SETTINGS } from './malloc-settings';
export { TRAINER_EXIT_CODES } from './trainer-exit-codes';
