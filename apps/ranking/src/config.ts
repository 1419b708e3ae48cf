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

export const rankingSettings = z
  .object({
    ...driverSettings,
    ...loggingSettings,
    ...tracingSettings,
    ...grpcTlsSettings,
    ...experimentSettings,
    /** Address that it listens on; 0.0.0.0 to be reached from elsewhere, as in a container or a virtual machine. */
    WATCHNEXT_HOST: z.string().default('127.0.0.1'),
    /** Port of its gRPC service; 0: any free one. */
    WATCHNEXT_GRPC_PORT: port(7003),
    /** Snapshots held at once: current, previous, and one more; those of experiments come on top. */
    WATCHNEXT_HELD_SNAPSHOTS: positiveInteger(3),
    /** Where Prometheus finds /metrics, 0: any free port; without it there are none. */
    WATCHNEXT_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
    /** Threads that compute scores; each holds the towers of every held snapshot, and none of their tables. */
    WATCHNEXT_RANKING_THREADS: positiveInteger(1),
    /** Requests that may wait for one of them; more are refused (RESOURCE_EXHAUSTED). */
    WATCHNEXT_RANKING_QUEUE: positiveInteger(64),
  })
  .superRefine(checkDriverSettings);

export type RankingSettings = z.infer<typeof rankingSettings>;

export const rankingPaths = (settings: RankingSettings) => embeddedPaths(settings.WATCHNEXT_DATA_DIR);
