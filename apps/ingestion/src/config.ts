import { checkDriverSettings, driverSettings, loggingSettings, port, positiveInteger } from '@watchnext/config';
import { z } from 'zod';

/** What one process of ingestion does; any set of them, in one process or in several. */
export const ROLES = ['collect', 'materialise', 'archive'] as const;
export type Role = (typeof ROLES)[number];

export const ingestionSettings = z
  .object({
    ...driverSettings,
    ...loggingSettings,
    WATCHNEXT_HOST: z.string().default('127.0.0.1'),
    /** Events come in here, and the probes of every role. */
    WATCHNEXT_HTTP_PORT: port(7001),
    /** Comma-separated. */
    WATCHNEXT_INGESTION_ROLES: z
      .string()
      .default(ROLES.join(','))
      .transform((text) => text.split(',').map((role) => role.trim()))
      .pipe(z.array(z.enum(ROLES)).min(1)),
    /** Decoded states that the materialiser keeps in memory, over all its partitions. */
    WATCHNEXT_STATE_CACHE_USERS: positiveInteger(10_000),
    /** Archived events reach their Parquet file within about this time. */
    WATCHNEXT_ARCHIVE_FLUSH_SECONDS: z.coerce.number().positive().max(3_600).default(5),
  })
  .superRefine(checkDriverSettings);

export type IngestionSettings = z.infer<typeof ingestionSettings>;
