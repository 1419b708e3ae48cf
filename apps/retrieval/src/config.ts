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

export const retrievalSettings = z
  .object({
    ...driverSettings,
    ...loggingSettings,
    ...tracingSettings,
    ...modelServiceSettings,
    ...grpcTlsSettings,
    ...experimentSettings,
    /** Port of its gRPC service; 0: any free one. */
    WATCHNEXT_GRPC_PORT: port(7002),
    /**
     * Seconds between live queries that are searched exactly as well, for the recall in the metrics; longer where such a search
     * would take more than a fiftieth of a processor. 0: never.
     */
    WATCHNEXT_RECALL_SAMPLE_SECONDS: z.coerce.number().nonnegative().default(2),
    /** A snapshot whose index finds less of the 100 best, by queries of the latest viewers, is refused; by those of fewer than ten, only one below a half. */
    WATCHNEXT_CANARY_MIN_RECALL: z.coerce.number().min(0).max(1).default(0.9),
    /** A snapshot that gives less of the previous answers to these queries is refused, where twenty viewers or more have asked. */
    WATCHNEXT_CANARY_MIN_OVERLAP: z.coerce.number().min(0).max(1).default(0.05),
    /** Threads that search; each holds the graphs of every held snapshot, or its share of their shards. */
    WATCHNEXT_SEARCH_THREADS: positiveInteger(1),
    /** Requests that may wait for a search thread; more are refused (RESOURCE_EXHAUSTED). */
    WATCHNEXT_SEARCH_QUEUE: positiveInteger(64),
  })
  .superRefine(checkDriverSettings);

export type RetrievalSettings = z.infer<typeof retrievalSettings>;
