import {
  checkDriverSettings,
  driverSettings,
  embeddedPaths,
  experimentSettings,
  flag,
  loggingSettings,
  port,
  positiveInteger,
} from '@watchnext/config';
import { z } from 'zod';

export const gatewaySettings = z
  .object({
    ...driverSettings,
    ...loggingSettings,
    ...experimentSettings,
    /** Whether header x-watchnext-experiments may choose variants, as "name=variant, name=variant", for testers. */
    WATCHNEXT_EXPERIMENT_OVERRIDES: flag(false),
    WATCHNEXT_HOST: z.string().default('127.0.0.1'),
    WATCHNEXT_HTTP_PORT: port(7000),
    WATCHNEXT_RETRIEVAL_ADDRESS: z.string().default('127.0.0.1:7002'),
    WATCHNEXT_RANKING_ADDRESS: z.string().default('127.0.0.1:7003'),
    WATCHNEXT_INGESTION_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:7001'),
    /** A file with the key under which the gateway passes on events of clients that sent none; read again as it changes. */
    WATCHNEXT_GATEWAY_API_KEY_FILE: z.string().optional(),
    /** Time for one list, in milliseconds, from the request's arrival to the answer. */
    WATCHNEXT_DEADLINE_MS: positiveInteger(500),
    /** Lists that may be in work at once, at most; how many really may is found out by their latency. */
    WATCHNEXT_MAX_IN_FLIGHT: positiveInteger(500),
    /** Videos of one channel in each ten places. */
    WATCHNEXT_CHANNEL_CAP: positiveInteger(2),
    /** Candidates asked of retrieval. */
    WATCHNEXT_CANDIDATES: z.coerce.number().int().min(1).max(1_000).default(200),
  })
  .superRefine(checkDriverSettings);

export type GatewaySettings = z.infer<typeof gatewaySettings>;

export const gatewayPaths = (settings: GatewaySettings) => embeddedPaths(settings.WATCHNEXT_DATA_DIR);
