/** Bodies are passed on, never read; how many of them are here at once is bounded, and how long one may take to come. */
import { MAX_BATCH_BYTES } from '@watchnext/contract';
import {
  ApiError,
  type BodyInFlight,
  countBodies,
  declaredBytes,
  hasBody,
  InFlightBytes,
  LineLimit,
  type Logger,
  onceClosed,
} from '@watchnext/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Metrics, METRICS } from '../metrics';

/** A little more than the collector takes: it, not the gateway, should say that a body is too large. */
export const BODY_LIMIT_BYTES = MAX_BATCH_BYTES + 2 ** 16;
const RETRY_SECONDS = 1;
const REFUSALS_LOGGED_A_SECOND = 1;

/** Refuses bodies with 429 while others of `maxBytes` together wait for their answers: before they are read, as far as that can be known. */
export function takeBodies(fastify: FastifyInstance, maxBytes: number, metrics: Metrics, logger: Logger): void {
  const inFlight = new InFlightBytes(maxBytes);
  const bodies = new WeakMap<object, BodyInFlight>();
  const lines = new LineLimit(REFUSALS_LOGGED_A_SECOND, (leftOut) =>
    logger.warn({ leftOut }, 'more bodies than may be here at once, more often'),
  );
  const refusal = () => {
    metrics.count(METRICS.shedRequests, { of: 'bodies' });
    if (lines.take()) logger.warn({ inFlightBytes: inFlight.count }, 'more bodies than may be here at once: 429');
    const message = 'the gateway has as many bodies as it may: send it again';
    return new ApiError(429, 'overloaded', message, undefined, { retryAfterSeconds: RETRY_SECONDS });
  };
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRequest', (request, reply, done) => {
    // Of other methods Fastify reads none, and requests without a body are not refused for those that have one.
    if (request.method !== 'POST' || request.is404 || !hasBody(request)) return done();
    const body = inFlight.begin(declaredBytes(request, BODY_LIMIT_BYTES));
    if (body === undefined) return done(refusal());
    bodies.set(request.raw, body);
    onceClosed(reply.raw, () => body.giveBack());
    done();
  });
  countBodies(fastify, ({ raw }: FastifyRequest) => bodies.get(raw), refusal);
}
