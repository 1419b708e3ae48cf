export type { ClientCertificates } from '@watchnext/http-client';
export * from './create-event';
export * from './errors';
export type { ProducerClientOptions, ProducerStatistics, Rejection } from './options';
export { ProducerClient } from './producer-client';
export { replayTooOld } from './replay-too-old';
