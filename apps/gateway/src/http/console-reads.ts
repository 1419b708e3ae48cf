import { ApiError, onceClosed } from '@watchnext/service';
import type { FastifyInstance } from 'fastify';

/** More than a few people who look on need; a script that asks for every user in turn is held to it. */
const MOST_CONSOLE_READS = 8;
const RETRY_AFTER_SECONDS = 1;

export const TOO_MANY_READS = `The console reads ${MOST_CONSOLE_READS} answers at once: send it again after Retry-After seconds.`;

/**
 * Holds what the console reads to a few at once, so that it takes little from viewers' lists, which share the feature store with it.
 * @param routes patterns of the routes
 */
export function limitConsoleReads(fastify: FastifyInstance, routes: ReadonlySet<string>): void {
  let count = 0;
  fastify.addHook('onRequest', async (request, reply) => {
    if (!routes.has(request.routeOptions.url ?? '')) return;
    if (count >= MOST_CONSOLE_READS) {
      const message = `the console reads ${MOST_CONSOLE_READS} answers at once and no more: send it again later`;
      throw new ApiError(429, 'overloaded', message, undefined, { retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    count++;
    // Comes for callers that hung up as well, be it before they got here.
    onceClosed(reply.raw, () => count--);
  });
}
