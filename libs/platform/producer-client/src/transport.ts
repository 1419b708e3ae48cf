/** One batch over HTTP, and what its answer means. */
import { type ClientCertificates, DistrustError, HttpClient } from '@watchnext/http-client';
import { onAbort } from '@watchnext/waiting';
import { DeliveryError, ProducerOptionError } from './errors';

/** Verdict of the collector on one event of a batch. */
export interface ItemResult {
  readonly index: number;
  readonly status: 'accepted' | 'duplicate' | 'rejected';
  readonly field?: string;
  readonly code?: string;
  readonly reason?: string;
}

export type Outcome =
  /** Every event has its verdict. */
  | { readonly kind: 'answered'; readonly results: readonly ItemResult[] }
  /** The collector will never take this very batch, whole; its events may be taken in smaller ones. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string }
  /** Perhaps later. No verdict on any event: no answer came, or none by which the collector refuses what was sent. */
  | { readonly kind: 'failed'; readonly error: DeliveryError };

export interface TransportOptions {
  readonly client: HttpClient;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Statuses about what was sent, and not about who sent it, where, or when. */
const REFUSING_STATUSES: ReadonlySet<number> = new Set([400, 413, 422]);

/** @throws ProducerOptionError for an address or certificates that cannot work, now or later */
export function collectorClient(url: string, tls: ClientCertificates | undefined): HttpClient {
  const base = URL.canParse(url) ? new URL(url.endsWith('/') ? url : `${url}/`) : undefined;
  if (base === undefined || !['http:', 'https:'].includes(base.protocol))
    throw new ProducerOptionError('url', `${url} is no address of a collector, as http://127.0.0.1:7001`);
  const [before, after] = base.href.split(/v1\/events\/?$/);
  if (after !== undefined)
    throw new ProducerOptionError(
      'url',
      `${url} has the path in it that events go to: give what stands before it, ${before}`,
    );
  if (tls !== undefined && base.protocol !== 'https:')
    throw new ProducerOptionError('tls', `certificates are for a url that begins with https://, not ${url}`);
  if ((tls?.cert === undefined) !== (tls?.key === undefined))
    throw new ProducerOptionError('tls', 'cert and key are needed together');
  try {
    return new HttpClient(new URL('v1/events', base), tls);
  } catch (error) {
    throw new ProducerOptionError('tls', `ca, cert or key cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Sends a batch once. Never rejects. */
export async function postBatch(
  events: readonly Uint8Array[],
  options: TransportOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  let status: number | undefined;
  // By hand rather than with AbortSignal.any, whose signals pile up on a long-lived one in some versions of Node.
  const aborter = new AbortController();
  const ignore = onAbort(signal, () => aborter.abort(signal.reason));
  const timer = setTimeout(() => aborter.abort(new Error('no answer in time')), options.timeoutMs);
  try {
    const headers = { ...options.headers, 'content-type': 'application/x-protobuf', accept: 'application/json' };
    const answer = await options.client.post(encodeBatch(events), headers, aborter.signal);
    status = answer.status;
    const text = answer.body.toString();
    if (status >= 200 && status < 300) return { kind: 'answered', results: parseResults(text, events.length) };
    const { code, message } = parseError(text);
    // Without a code it is a proxy's answer: one that misses a certificate says 400 as well, and knows nothing of events.
    if (code !== undefined && REFUSING_STATUSES.has(status)) return { kind: 'refused', code, reason: message };
    const error = new DeliveryError(
      `HTTP ${status} ${message}`.trim(),
      status,
      retryAfterSeconds(answer.headers['retry-after']),
      code,
    );
    return { kind: 'failed', error };
  } catch (thrown) {
    const error: unknown = aborter.signal.aborted ? aborter.signal.reason : thrown;
    return {
      kind: 'failed',
      error: new DeliveryError(describe(error), status, undefined, undefined, { cause: error }),
    };
  } finally {
    clearTimeout(timer);
    ignore();
  }
}

/** The bytes of an `EventBatch` around encoded events, without decoding them: field 1, length-delimited, repeated. */
export function encodeBatch(events: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(events.reduce((sum, event) => sum + framedLength(event), 0));
  let position = 0;
  for (const event of events) {
    bytes[position++] = 0x0a;
    let length = event.length;
    for (; length > 0x7f; length >>>= 7) bytes[position++] = (length & 0x7f) | 0x80;
    bytes[position++] = length;
    bytes.set(event, position);
    position += event.length;
  }
  return bytes;
}

/** Bytes that an event takes in a batch. */
export function framedLength(event: Uint8Array): number {
  let length = 2 + event.length;
  for (let rest = event.length >>> 7; rest > 0; rest >>>= 7) length += 1;
  return length;
}

/** Seconds from now, from either form of the header (RFC 9110, 10.2.3). */
export function retryAfterSeconds(header: string | undefined, nowMs = Date.now()): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, (atMs - nowMs) / 1_000);
}

const STATUSES: ReadonlySet<unknown> = new Set<ItemResult['status']>(['accepted', 'duplicate', 'rejected']);

/** @throws unless there is one verdict on each event: an event without one was not taken, as far as anybody knows */
function parseResults(text: string, eventCount: number): ItemResult[] {
  const { results } = JSON.parse(text) as { results?: unknown };
  if (!Array.isArray(results)) throw new Error('the answer has no results');
  const judged = new Set<number>();
  for (const result of results as (ItemResult | null)[]) {
    if (!result || !Number.isInteger(result.index) || result.index < 0 || result.index >= eventCount)
      throw new Error('the answer has a result of no event');
    if (!STATUSES.has(result.status)) throw new Error(`the answer has a result that says ${String(result.status)}`);
    judged.add(result.index);
  }
  if (judged.size !== eventCount || results.length !== eventCount)
    throw new Error(`the answer has ${results.length} results of ${judged.size} of ${eventCount} events`);
  return results as ItemResult[];
}

/** The code is there only in the collector's own form, `{"error": {"code", "message"}}`. */
function parseError(text: string): { code?: string; message: string } {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } };
    if (typeof error?.code === 'string' && error.code !== '')
      return { code: error.code, message: String(error.message ?? '') };
  } catch {
    // Not ours, perhaps a proxy's: its words are all there is.
  }
  return { message: text.slice(0, 200) };
}

function describe(error: unknown): string {
  if (error instanceof DistrustError) return `${error.message}: ${remedyOf(error.code)}`;
  return (error as Partial<Error> | undefined)?.message ?? String(error);
}

/** Where to look, by what TLS names. */
function remedyOf(code: string): string {
  if (code.includes('_ALERT_')) return 'the collector asks for tls.cert and tls.key, of an authority that it trusts';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return "tls.servername must be the name in the collector's certificate";
  return "tls.ca must be the authority of the collector's certificate";
}
