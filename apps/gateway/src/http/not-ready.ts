import { ApiError } from '@watchnext/service';
import type { FastifyInstance } from 'fastify';
import type { Readiness } from '../readiness';

/** What is told from the catalogue. */
const NEEDS_CATALOGUE = /^\/v1\/(users|videos)\b/;

/** Before the catalogue is read every video would be taken for unknown, and a withdrawn one for allowed: 503 until then. */
export function refuseUntilReady(fastify: FastifyInstance, readiness: Pick<Readiness, 'waiting'>): void {
  fastify.addHook('onRequest', async (request) => {
    if (readiness.waiting === undefined || !NEEDS_CATALOGUE.test(request.routeOptions.url ?? '')) return;
    throw new ApiError(503, 'not-ready', 'the catalogue is not read yet: send the request again later');
  });
}
