import {
  checkDriverSettings,
  driverSettings,
  embeddedPaths,
  experimentSettings,
  loggingSettings,
  port,
  positiveInteger,
} from '@watchnext/config';
import { z } from 'zod';

export const retrievalSettings = z
  .object({
    ...driverSettings,
    ...loggingSettings,
    ...experimentSettings,
    WATCHNEXT_HOST: z.string().default('127.0.0.1'),
    WATCHNEXT_GRPC_PORT: port(7002),
    /** Snapshots held at once: current, previous, and one more; those of experiments come on top. */
    WATCHNEXT_HELD_SNAPSHOTS: positiveInteger(3),
    /** Threads that search; each holds the graphs of every held snapshot, or its share of their shards. */
    WATCHNEXT_SEARCH_THREADS: positiveInteger(1),
    /** Requests that may wait for a search thread; more are refused (RESOURCE_EXHAUSTED). */
    WATCHNEXT_SEARCH_QUEUE: positiveInteger(64),
  })
  .superRefine(checkDriverSettings);

export type RetrievalSettings = z.infer<typeof retrievalSettings>;

export const retrievalPaths = (settings: RetrievalSettings) => embeddedPaths(settings.WATCHNEXT_DATA_DIR);
