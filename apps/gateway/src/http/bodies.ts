/** Bodies are passed on, never read; how many of them are here at once is bounded, and how long one may take to come. */
import { ApiError, declaredBytes, InFlightBytes, LineLimit, type Logger, onceClosed } from '@watchnext/service';
import type { FastifyInstance } from 'fastify';

/** A little more than the collector takes: it, not the gateway, should say that a body is too large. */
export const BODY_LIMIT_BYTES = 2 ** 20 + 2 ** 16;
const RETRY_SECONDS = 1;
const REFUSALS_LOGGED_A_SECOND = 1;

/** Asked before a body is read, so that what is refused costs no memory: 429 while others of `maxBytes` together wait for their answers. */
export function takeBodies(fastify: FastifyInstance, maxBytes: number, logger: Logger): void {
  const inFlight = new InFlightBytes(maxBytes);
  const lines = new LineLimit(REFUSALS_LOGGED_A_SECOND, (leftOut) =>
    logger.warn({ leftOut }, 'more bodies than may be here at once, more often'),
  );
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRequest', (request, reply, done) => {
    const { headers } = request;
    // Requests without a body are not refused for those that have one.
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return done();
    const giveBack = inFlight.take(declaredBytes(request, BODY_LIMIT_BYTES));
    if (giveBack) {
      onceClosed(reply.raw, giveBack);
      return done();
    }
    if (lines.take()) logger.warn({ inFlightBytes: inFlight.count }, 'more bodies than may be here at once: 429');
    const message = 'the gateway has as many bodies as it may: send it again';
    done(new ApiError(429, 'overloaded', message, undefined, { retryAfterSeconds: RETRY_SECONDS }));
  });
}
