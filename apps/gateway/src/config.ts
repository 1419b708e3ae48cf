import {
  checkDriverSettings,
  driverSettings,
  experimentSettings,
  flag,
  grpcTlsSettings,
  listenSettings,
  loggingSettings,
  port,
  positiveInteger,
  tracingSettings,
} from '@watchnext/config';
import { z } from 'zod';

export const gatewaySettings = z
  .object({
    ...driverSettings,
    ...loggingSettings,
    ...tracingSettings,
    ...listenSettings,
    ...grpcTlsSettings,
    ...experimentSettings,
    /** Whether header x-watchnext-experiments may choose variants, as "name=variant, name=variant", for testers. */
    WATCHNEXT_EXPERIMENT_OVERRIDES: flag(false),
    /** Port of the API, the console, the probes and /metrics; 0: any free one. */
    WATCHNEXT_HTTP_PORT: port(7000),
    /** Retrieval's gRPC, as host:port. */
    WATCHNEXT_RETRIEVAL_ADDRESS: z.string().default('127.0.0.1:7002'),
    /** Ranking's gRPC, as host:port. */
    WATCHNEXT_RANKING_ADDRESS: z.string().default('127.0.0.1:7003'),
    /** The collector, to which events are passed on, as http://host:port, or https:// with WATCHNEXT_GRPC_TLS_…. */
    WATCHNEXT_INGESTION_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:7001'),
    /** A file with the key under which the gateway passes on events of clients that sent none; read again as it changes. */
    WATCHNEXT_GATEWAY_API_KEY_FILE: z.string().optional(),
    /** Who may see the console page and the routes behind it: who has the token, or everyone who can reach them by `localhost` or an address (by a name: 421). */
    WATCHNEXT_CONSOLE: z.enum(['token', 'open']).default('token'),
    /** A file with the console's token, of at least 16 characters; read again as it changes. Without it the console is shut. */
    WATCHNEXT_CONSOLE_TOKEN_FILE: z.string().optional(),
    /** Time for one list, in milliseconds, from the request's arrival to the answer. */
    WATCHNEXT_DEADLINE_MS: positiveInteger(500),
    /** How long a list waits for its record in the event log, in milliseconds; one that takes longer is confirmed after the answer. */
    WATCHNEXT_LOG_PATIENCE_MS: positiveInteger(25),
    /** Lists that may be in work at once, at most; how many really may is found out by their latency. */
    WATCHNEXT_MAX_IN_FLIGHT: positiveInteger(500),
    /** A request that is not here as a whole by then is ended: a client that fell silent holds no memory for longer. */
    WATCHNEXT_GATEWAY_REQUEST_TIMEOUT_MS: positiveInteger(30_000),
    /** Bodies of events that the gateway holds at once while the collector takes them; beyond, it answers 429. */
    WATCHNEXT_GATEWAY_IN_FLIGHT_MB: positiveInteger(64),
    /** Videos of one channel in each ten places. */
    WATCHNEXT_CHANNEL_CAP: positiveInteger(2),
    /** Videos of one topic in each ten places; 10: as many as there are. */
    WATCHNEXT_TOPIC_CAP: positiveInteger(10),
    /** Chance, from 0 to 1, with which place WATCHNEXT_FRESH_POSITION goes to one of the best fresh videos; 0: never. */
    WATCHNEXT_FRESH_EPSILON: z.coerce.number().min(0).max(1).default(0),
    /** That place, counted from 0. */
    WATCHNEXT_FRESH_POSITION: z.coerce.number().int().min(0).max(49).default(5),
    /** Videos that the place is drawn from, the one that it would have among them. */
    WATCHNEXT_FRESH_POOL: z.coerce.number().int().min(2).max(100).default(6),
    /** A video that was served to a viewer so often, and not watched, is left out for `WATCHNEXT_FATIGUE_HOURS`. */
    WATCHNEXT_FATIGUE_IMPRESSIONS: positiveInteger(20),
    /** For how long after it was last served a video is left out that was served often and not watched. 0: none is. */
    WATCHNEXT_FATIGUE_HOURS: z.coerce.number().min(0).default(24),
    /** Candidates asked of retrieval. */
    WATCHNEXT_CANDIDATES: z.coerce.number().int().min(1).max(1_000).default(200),
  })
  .superRefine(checkDriverSettings)
  .superRefine(checkCollectorUrl);

export type GatewaySettings = z.infer<typeof gatewaySettings>;

/** Half of the calls with certificates would look secure, and not be. */
function checkCollectorUrl(
  {
    WATCHNEXT_GRPC_TLS_CERT_FILE: certificate,
    WATCHNEXT_INGESTION_URL: url,
  }: { WATCHNEXT_GRPC_TLS_CERT_FILE?: string | undefined; WATCHNEXT_INGESTION_URL: string },
  context: z.RefinementCtx,
): void {
  if (certificate === undefined || url.startsWith('https:')) return;
  const message = 'must begin with https:// where WATCHNEXT_GRPC_TLS_CERT_FILE is given';
  context.addIssue({ code: 'custom', path: ['WATCHNEXT_INGESTION_URL'], message });
}
