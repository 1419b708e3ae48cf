import {
  checkDriverSettings,
  driverSettings,
  experimentSettings,
  grpcTlsSettings,
  loggingSettings,
  modelServiceSettings,
  port,
  positiveInteger,
  tracingSettings,
} from '@watchnext/config';
import { z } from 'zod';

export const rankingSettings = z
  .object({
    ...driverSettings,
    ...loggingSettings,
    ...tracingSettings,
    ...modelServiceSettings,
    ...grpcTlsSettings,
    ...experimentSettings,
    /** Port of its gRPC service; 0: any free one. */
    WATCHNEXT_GRPC_PORT: port(7003),
    /** Threads that compute scores; each holds the towers of every held snapshot, and none of their tables. */
    WATCHNEXT_RANKING_THREADS: positiveInteger(1),
    /** Requests that may wait for one of them; more are refused (RESOURCE_EXHAUSTED). */
    WATCHNEXT_RANKING_QUEUE: positiveInteger(64),
  })
  .superRefine(checkDriverSettings);

export type RankingSettings = z.infer<typeof rankingSettings>;
