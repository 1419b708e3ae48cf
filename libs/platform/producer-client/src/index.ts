export * from './create-event';
export * from './errors';
export { ProducerClient, type ProducerClientOptions, type ProducerStatistics, type Rejection } from './producer-client';
