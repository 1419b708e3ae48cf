import {
  checkDriverSettings,
  driverSettings,
  embeddedPaths,
  experimentSettings,
  grpcTlsSettings,
  loggingSettings,
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
    ...grpcTlsSettings,
    ...experimentSettings,
    /** Address that it listens on; 0.0.0.0 to be reached from elsewhere, as in a container or a virtual machine. */
    WATCHNEXT_HOST: z.string().default('127.0.0.1'),
    /** Port of its gRPC service; 0: any free one. */
    WATCHNEXT_GRPC_PORT: port(7002),
    /** Snapshots held at once: current, previous, and one more; those of experiments come on top. */
    WATCHNEXT_HELD_SNAPSHOTS: positiveInteger(3),
    /** Where Prometheus finds /metrics, 0: any free port; without it there are none. */
    WATCHNEXT_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
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

export const retrievalPaths = (settings: RetrievalSettings) => embeddedPaths(settings.WATCHNEXT_DATA_DIR);
