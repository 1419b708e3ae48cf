import type { FastifyInstance } from 'fastify';

/** What the API answers is one viewer's, or the console's, and old in a second. */
export const PRIVATE = 'private, no-store';

/** Keeps what the API answers out of caches, on the way and at the viewer; a route may say otherwise. To be called before routes are added. */
export function keepAnswersPrivate(fastify: FastifyInstance): void {
  fastify.addHook('onSend', async (request, reply) => {
    if (!request.routeOptions.url?.startsWith('/v1/') || reply.hasHeader('cache-control')) return;
    void reply.header('cache-control', PRIVATE);
  });
}
