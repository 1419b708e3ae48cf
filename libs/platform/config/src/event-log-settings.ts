/**
 * Settings of the event log. A schema spreads the fields and adds `.superRefine(checkEventLogSettings)`; `openEventLog`
 * of @watchnext/event-log checks again, so nothing opens unchecked.
 *
 * @example
 *   const schema = z.object({ ...storageSettings, ...eventLogSettings }).superRefine(checkEventLogSettings);
 *   const log = await openEventLog(loadConfig(schema), paths.eventLog, 'gateway');
 */
import { z } from 'zod';
import { ConfigError } from './load-config';
import { secret } from './secret';
import { flag, positiveInteger } from './settings';

/** Brokers refuse members with a shorter session time-out unless they are configured otherwise. */
const MIN_SESSION_TIMEOUT_MS = 6_000;
const MIN_REQUEST_TIMEOUT_MS = 500;

export const eventLogSettings = {
  /** Where events go: a log in the data folder, or Kafka. */
  WATCHNEXT_EVENT_LOG: z.enum(['embedded', 'kafka']).default('embedded'),
  /** Some brokers of the cluster, as host:port, several separated by commas; the others are found through them. */
  WATCHNEXT_KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((address) => address.trim()))
    .refine((list) => list.every(isAddress), 'host:port, several separated by commas')
    .optional(),
  /** Prefix of all topics and groups: up to 100 letters, digits and . _ - */
  WATCHNEXT_KAFKA_NAMESPACE: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,100}$/, 'up to 100 letters, digits and . _ -')
    .default(''),
  /** How what is written is compressed; brokers keep it as it comes. */
  WATCHNEXT_KAFKA_COMPRESSION: z.enum(['none', 'gzip', 'snappy', 'lz4', 'zstd']).default('gzip'),
  /** Of topics that are created. */
  WATCHNEXT_KAFKA_REPLICATION_FACTOR: positiveInteger(1),
  /** No request takes longer; a call with its retries takes at most twice as long. */
  WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: z.coerce.number().int().min(MIN_REQUEST_TIMEOUT_MS).default(15_000),
  /** A consumer silent for so long loses its partitions. */
  WATCHNEXT_KAFKA_SESSION_TIMEOUT_MS: z.coerce.number().int().min(MIN_SESSION_TIMEOUT_MS).default(15_000),
  /** Whether brokers are spoken to over TLS. */
  WATCHNEXT_KAFKA_TLS: flag(false),
  /** PEM of the authority that signed the brokers' certificates; default: those that Node knows. */
  WATCHNEXT_KAFKA_TLS_CA_FILE: z.string().optional(),
  /** PEM of this client's certificate; with the key, or neither. */
  WATCHNEXT_KAFKA_TLS_CERT_FILE: z.string().optional(),
  /** PEM of its private key. */
  WATCHNEXT_KAFKA_TLS_KEY_FILE: z.string().optional(),
  /** How this client logs in, with name and password; default: it does not. */
  WATCHNEXT_KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  /** Name to log in with. */
  WATCHNEXT_KAFKA_SASL_USERNAME: z.string().optional(),
  /** Password to log in with; never printed. */
  WATCHNEXT_KAFKA_SASL_PASSWORD: secret(),
};

export type EventLogSettings = z.infer<z.ZodObject<typeof eventLogSettings>>;
type SomeSettings = Partial<EventLogSettings>;

/** For `schema.superRefine`: reports every variable that does not fit the others. */
export function checkEventLogSettings(settings: SomeSettings, context: z.RefinementCtx): void {
  for (const [name, message] of problemsOf(settings)) context.addIssue({ code: 'custom', path: [name], message });
}

/** @throws ConfigError naming the variables, never their values */
export function requireConsistentEventLog(settings: SomeSettings): void {
  const problems = problemsOf(settings).map(([name, message]) => `${name}: ${message}`);
  if (problems.length > 0) throw new ConfigError(problems);
}

function problemsOf(settings: SomeSettings): [variable: string, problem: string][] {
  if (settings.WATCHNEXT_EVENT_LOG !== 'kafka') return [];
  const problems: [string, string][] = [];
  if (settings.WATCHNEXT_KAFKA_BROKERS === undefined) {
    problems.push(['WATCHNEXT_KAFKA_BROKERS', 'is needed with WATCHNEXT_EVENT_LOG=kafka']);
  }
  const needs = (variable: keyof SomeSettings, needed: keyof SomeSettings) => {
    if (settings[variable] !== undefined && settings[needed] === undefined) {
      problems.push([needed, `is needed with ${variable}`]);
    }
  };
  const { WATCHNEXT_KAFKA_TLS: tls } = settings;
  needs('WATCHNEXT_KAFKA_TLS_CERT_FILE', 'WATCHNEXT_KAFKA_TLS_KEY_FILE');
  needs('WATCHNEXT_KAFKA_TLS_KEY_FILE', 'WATCHNEXT_KAFKA_TLS_CERT_FILE');
  const certificates = settings.WATCHNEXT_KAFKA_TLS_CA_FILE ?? settings.WATCHNEXT_KAFKA_TLS_CERT_FILE;
  if (!tls && certificates !== undefined) {
    problems.push(['WATCHNEXT_KAFKA_TLS', 'must be true where certificates are given']);
  }
  needs('WATCHNEXT_KAFKA_SASL_MECHANISM', 'WATCHNEXT_KAFKA_SASL_USERNAME');
  needs('WATCHNEXT_KAFKA_SASL_MECHANISM', 'WATCHNEXT_KAFKA_SASL_PASSWORD');
  const credentials = settings.WATCHNEXT_KAFKA_SASL_USERNAME ?? settings.WATCHNEXT_KAFKA_SASL_PASSWORD;
  if (credentials !== undefined && settings.WATCHNEXT_KAFKA_SASL_MECHANISM === undefined) {
    problems.push(['WATCHNEXT_KAFKA_SASL_MECHANISM', 'is needed with a user name or password']);
  }
  if (settings.WATCHNEXT_KAFKA_SASL_MECHANISM === 'plain' && !tls) {
    problems.push([
      'WATCHNEXT_KAFKA_SASL_MECHANISM',
      'plain would send the password in the clear: set WATCHNEXT_KAFKA_TLS=true',
    ]);
  }
  return problems;
}

/** kafkajs takes no IPv6 addresses, only names and IPv4. */
function isAddress(text: string): boolean {
  const match = /^[A-Za-z0-9._-]+:(\d{1,5})$/.exec(text);
  return match !== null && Number(match[1]) >= 1 && Number(match[1]) <= 65_535;
}
