/**
 * Who may send events, and how many bytes of them are here at once. Asked before a body is read, so that what is
 * refused costs no memory: an unknown key (401), a producer beyond its limits (429), a collector whose requests wait
 * for a slow log already (429), and the last of these again while it is read. Each 429 says when to come again.
 */
import { API_KEY_HEADER } from '@watchnext/contract';
import {
  ApiError,
  type BodyInFlight,
  countBodies,
  declaredBytes,
  InFlightBytes,
  isAskedByAddress,
  isLoopback,
  type Logger,
  mayBeOfPage,
  onceClosed,
} from '@watchnext/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KeyRing, KnownKey } from './key-ring';

/** The log is slow, or down; a second later it may not be. */
const SHED_RETRY_SECONDS = 1;

export interface AdmissionOptions {
  /** Bodies of requests that have no answer yet, together; one is let in whatever its size. */
  readonly maxInFlightBytes: number;
  /** What a body may be that does not say its length. */
  readonly maxBodyBytes: number;
}

interface Admitted {
  readonly body: BodyInFlight;
  /** The connection, until it has its answer or is closed, and the work on the body. */
  holders: number;
}

export class Admission {
  private readonly keys = new WeakMap<object, KnownKey>();
  private readonly admitted = new WeakMap<object, Admitted>();
  private readonly inFlight: InFlightBytes;
  private shedCount = 0;

  /** @param keyRing undefined: everyone may send, without limits of their own */
  constructor(
    private readonly keyRing: KeyRing | undefined,
    private readonly options: AdmissionOptions,
    private readonly logger: Logger,
  ) {
    this.inFlight = new InFlightBytes(options.maxInFlightBytes);
  }

  /** Asks for every request to `path`; of those to no route it leaves the bodies unread. */
  guard(fastify: FastifyInstance, path: string): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      // By the route: addresses may be written in more ways than one, as /v1/%65vents.
      if (request.method !== 'POST' || request.routeOptions.url !== path) return done();
      try {
        const admitted: Admitted = { body: this.admit(request), holders: 1 };
        this.admitted.set(request.raw, admitted);
        onceClosed(reply.raw, () => this.release(admitted));
        done();
      } catch (error) {
        done(error as Error);
      }
    });
    countBodies(
      fastify,
      ({ raw }) => this.admitted.get(raw)?.body,
      () => this.shed(),
    );
  }

  /** Asks for a known key for whatever else is read at `path`, and takes nothing off its limits. Where there are no keys it is open. */
  guardReads(fastify: FastifyInstance, path: string): void {
    fastify.addHook('onRequest', async ({ routeOptions, headers }) => {
      if (this.keyRing && routeOptions.url === path) this.identify(this.keyRing, headers[API_KEY_HEADER]);
    });
  }

  /**
   * Where there are no keys, as only this machine can ask, keeps out pages of elsewhere whose name was led to it: at whatever path.
   * @param listenHost as in WATCHNEXT_HOST
   */
  guardNames(fastify: FastifyInstance, listenHost: string): void {
    if (this.keyRing || !isLoopback(listenHost)) return;
    fastify.addHook('onRequest', async (request) => {
      if (mayBeOfPage(request, listenHost) && !isAskedByAddress(request)) throw misdirected();
    });
  }

  /** Charges a batch to its producer. @throws ApiError 429 */
  takeEvents(request: FastifyRequest, count: number): void {
    const waitSeconds = this.keys.get(request.raw)?.caller.takeEvents(count) ?? 0;
    if (waitSeconds > 0) throw tooMany('events', waitSeconds);
  }

  /** What the key of this request may send; undefined: every kind of event. */
  kindsFor(request: FastifyRequest): ReadonlySet<string> | undefined {
    return this.keys.get(request.raw)?.kinds;
  }

  /** The bytes of a request count until the work on it has settled, though its caller may be gone long before. */
  async holding<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    const admitted = this.admitted.get(request.raw);
    if (admitted) admitted.holders++;
    try {
      return await work();
    } finally {
      if (admitted) this.release(admitted);
    }
  }

  private release(admitted: Admitted): void {
    if (--admitted.holders === 0) admitted.body.giveBack();
  }

  /** @throws ApiError 401, 429 */
  private admit(request: FastifyRequest): BodyInFlight {
    const key = this.keyRing && this.identify(this.keyRing, request.headers[API_KEY_HEADER]);
    if (key) this.keys.set(request.raw, key);
    const bytes = declaredBytes(request, this.options.maxBodyBytes);
    const body = this.inFlight.begin(bytes);
    if (body === undefined) throw this.shed();
    const waitSeconds = key?.caller.takeBytes(bytes) ?? 0;
    if (waitSeconds > 0) throw tooMany('bytes', waitSeconds);
    return body;
  }

  private shed(): ApiError {
    // One line for many: a log that is written for every refusal makes an overload worse.
    if (this.shedCount++ % 1_000 === 0) {
      this.logger.warn(
        { inFlightBytes: this.inFlight.count, shedCount: this.shedCount },
        'the event log is slower than the producers: shedding',
      );
    }
    return new ApiError(429, 'overloaded', 'the collector waits for its event log: send the batch again', undefined, {
      retryAfterSeconds: SHED_RETRY_SECONDS,
    });
  }

  private identify(keyRing: KeyRing, sent: string | string[] | undefined): KnownKey {
    const key = typeof sent === 'string' && sent !== '' ? keyRing.find(sent) : undefined;
    if (key) return key;
    const reason = sent === undefined ? 'an API key is needed' : 'the API key is not known';
    throw new ApiError(401, 'unauthenticated', reason, API_KEY_HEADER);
  }
}

const misdirected = () =>
  new ApiError(
    421,
    'misdirected',
    'a collector without keys answers pages by localhost and addresses of this machine, not by names: ask by one of those, or set ' +
      'WATCHNEXT_API_KEYS_FILE',
    'host',
  );

function tooMany(what: string, retryAfterSeconds: number): ApiError {
  const message = `more ${what} a second than this producer may send: wait ${retryAfterSeconds} s`;
  return new ApiError(429, 'rate-limited', message, undefined, { retryAfterSeconds });
}
