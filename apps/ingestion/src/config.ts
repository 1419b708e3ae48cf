import {
  checkDriverSettings,
  driverSettings,
  grpcTlsSettings,
  loggingSettings,
  port,
  positiveInteger,
  probeSettings,
  tracingSettings,
} from '@watchnext/config';
import { z } from 'zod';

/** What one process of ingestion does; any set of them, in one process or in several. */
export const ROLES = ['collect', 'materialise', 'archive'] as const;
export type Role = (typeof ROLES)[number];

export const ingestionSettings = z
  .object({
    ...driverSettings,
    ...loggingSettings,
    ...tracingSettings,
    ...probeSettings,
    ...grpcTlsSettings,
    /** Events come in here, over TLS and from callers with a certificate where WATCHNEXT_GRPC_TLS_… are given; and the probes of every role. */
    WATCHNEXT_HTTP_PORT: port(7001),
    /** What this process does, separated by commas: any of collect, materialise, archive. */
    WATCHNEXT_INGESTION_ROLES: z
      .string()
      .default(ROLES.join(','))
      .transform((text) => text.split(',').map((role) => role.trim()))
      .pipe(z.array(z.enum(ROLES)).min(1)),
    /** Keys of the producers, one a line or as JSON (see access/api-keys.ts); without it anyone may send. */
    WATCHNEXT_API_KEYS_FILE: z.string().optional(),
    /** Bodies that the collector holds at once while the event log takes them; beyond, it answers 429. */
    WATCHNEXT_COLLECTOR_IN_FLIGHT_MB: positiveInteger(64),
    /** A request that is not here as a whole by then is ended: a producer that fell silent holds no memory for longer. */
    WATCHNEXT_COLLECTOR_REQUEST_TIMEOUT_MS: positiveInteger(30_000),
    /** Records that the archive role holds in memory before it writes them, over all its partitions. */
    WATCHNEXT_ARCHIVE_BUFFER_MB: positiveInteger(128),
    /** States that the materialiser keeps in memory, over all its partitions. */
    WATCHNEXT_STATE_CACHE_USERS: positiveInteger(10_000),
    /** Archived events reach their Parquet file within about this time. Each partition writes a file as often: in production 60 (docs/decisions/0154). */
    WATCHNEXT_ARCHIVE_FLUSH_SECONDS: z.coerce.number().positive().max(3_600).default(5),
  })
  .superRefine(checkDriverSettings);

export type IngestionSettings = z.infer<typeof ingestionSettings>;
