import { ApiError } from '@watchnext/service';
import type { FastifyInstance } from 'fastify';
import type { Ingestion } from '../ingestion';

/** Before the catalogue is read events would be stored without what their videos were: 503 until then. */
export function refuseUntilCollecting(fastify: FastifyInstance, ingestion: Pick<Ingestion, 'isCollecting'>): void {
  fastify.addHook('onRequest', async ({ method, routeOptions }) => {
    if (method !== 'POST' || routeOptions.url !== '/v1/events' || ingestion.isCollecting()) return;
    throw new ApiError(503, 'not-ready', 'the catalogue is not read yet: send the batch again later');
  });
}
