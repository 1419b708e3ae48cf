/** What a producer client can be told, and what it tells. */
import type { Event } from '@watchnext/contract';
import type { ClientCertificates } from '@watchnext/http-client';
import { type ProducerClientError, ProducerOptionError } from './errors';

export interface ProducerClientOptions {
  /** The collector, as "http://127.0.0.1:7001" or "https://…"; events go to its /v1/events. */
  readonly url: string;
  /**
   * For a collector that asks for certificates, or shows one of an authority of its own: PEM of the authority (`ca`), of a certificate
   * that it signed (`cert`) and its `key`, and the name that the collector's certificate carries (`servername`), where it is not the
   * host of `url`. Looked at for each batch: to renew certificates, put the new ones into this object, all of them at once.
   */
  readonly tls?: ClientCertificates;
  /** Name of the producing program, for events that do not have one. */
  readonly producer: string;
  /** Sent as `x-api-key`, to a collector that asks for keys. */
  readonly apiKey?: string;
  /** Default 500; the collector takes 1,000. */
  readonly maxBatchEvents?: number;
  /** Default 900,000; the collector takes 1 MB. */
  readonly maxBatchBytes?: number;
  /** How long an event may wait for others; default 50. */
  readonly lingerMs?: number;
  /** `send` waits while so many events are in the buffer; default 10,000. */
  readonly maxBufferedEvents?: number;
  /** `send` waits while so many bytes are in the buffer; default 32 MiB. */
  readonly maxBufferedBytes?: number;
  /** Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** Upper bound of the first wait before a retry; default 100. */
  readonly retryBaseMs?: number;
  /** Upper bound of any wait before a retry, unless the server asks for more; default 30,000. */
  readonly retryCapMs?: number;
  /** Folder for what cannot be delivered, or only as backfill, of this client alone; default: none. Where it cannot be used, `onError` is told and `send` rejects. */
  readonly spoolDirectory?: string;
  /** Of what waits, and once more of what is kept as too old; default 1 GiB. */
  readonly maxSpoolBytes?: number;
  /** Failures in a row until events move to the spool; default 3. */
  readonly spoolAfterFailures?: number;
  /** An event that the collector does not take, now or ever. */
  readonly onRejected?: (rejection: Rejection) => void;
  /** A try that failed (it will be repeated), a spool that cannot be used, damage in it that was set aside, events kept as too old, or lost as there is no room for them. */
  readonly onError?: (error: ProducerClientError, retryInMs: number | undefined) => void;
}

export interface Rejection {
  readonly event: Event;
  readonly code: string;
  readonly reason: string;
  /** Path of the offending field. */
  readonly field?: string;
}

/** Counts since the client was made. */
export interface ProducerStatistics {
  readonly acceptedEvents: number;
  readonly duplicateEvents: number;
  /** Those kept as too old, and those lost, among them. */
  readonly rejectedEvents: number;
  /** Refused as too old and kept on disk, for `replayTooOld`; without a spool none are. */
  readonly keptEvents: number;
  /** Refused as too old, with no room on disk. */
  readonly lostEvents: number;
  /** Waiting, in memory and on disk. */
  readonly pendingEvents: number;
  readonly spooledEvents: number;
  readonly failedTries: number;
}

/** Of every option that has one. */
export const DEFAULTS = {
  maxBatchEvents: 500,
  maxBatchBytes: 900_000,
  lingerMs: 50,
  maxBufferedEvents: 10_000,
  maxBufferedBytes: 32 << 20,
  requestTimeoutMs: 10_000,
  retryBaseMs: 100,
  retryCapMs: 30_000,
  maxSpoolBytes: 1 << 30,
  spoolAfterFailures: 3,
};

/** What a timer of Node takes: one of more ends at once. */
const MOST_MS = 2 ** 31 - 1;
/** A bound that may be left open, by Infinity. */
const OPEN: readonly string[] = ['maxBufferedEvents', 'maxBufferedBytes', 'maxSpoolBytes', 'spoolAfterFailures'];

/** What was left out, or is there and undefined, is as it is by default. @throws ProducerOptionError for a number that cannot work */
export function withDefaults(options: ProducerClientOptions): ProducerClientOptions & typeof DEFAULTS {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all = { ...DEFAULTS, ...(given as unknown as ProducerClientOptions) };
  for (const [name, byDefault] of Object.entries(DEFAULTS))
    checkNumber(name, all[name as keyof typeof DEFAULTS], byDefault);
  return all;
}

function checkNumber(name: string, value: unknown, byDefault: number): void {
  const least = name === 'lingerMs' ? 0 : 1;
  const most = name.endsWith('Ms') ? MOST_MS : Number.MAX_SAFE_INTEGER;
  if (OPEN.includes(name) && value === Infinity) return;
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  const range = most === MOST_MS ? `from ${least} to ${most}` : `of ${least} or more`;
  throw new ProducerOptionError(name, `${String(value)} is no whole number ${range}; leave it out for ${byDefault}`);
}
