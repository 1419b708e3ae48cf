/**
 * An id for each HTTP request: its caller's, from the header `x-request-id`, or one that is made. It stands in the answer's header, in
 * the body of an error and in the log, and goes with the calls and events that the request causes.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';

export const REQUEST_ID_HEADER = 'x-request-id';

/** What a caller may send; anything else, which might forge lines of a log, is passed over. */
const SOUND_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Of a request as Fastify or Nest hand it over. */
export interface IdentifiedRequest {
  readonly raw: object;
  readonly headers: IncomingHttpHeaders;
}

const ids = new WeakMap<object, string>();

const callersId = ({ headers }: IdentifiedRequest): string | undefined => {
  const sent = headers[REQUEST_ID_HEADER];
  return typeof sent === 'string' && SOUND_ID.test(sent) ? sent : undefined;
};

/** The same however often it is asked for. */
export function requestIdOf(request: IdentifiedRequest): string {
  const known = ids.get(request.raw);
  if (known !== undefined) return known;
  const id = callersId(request) ?? randomUUID();
  ids.set(request.raw, id);
  return id;
}

/** Has a request go by an id that it is given here, unless its caller gave one. @returns the one that it goes by */
export function nameRequest(request: IdentifiedRequest, id: string): string {
  const name = callersId(request) ?? id;
  ids.set(request.raw, name);
  return name;
}

/** Puts the id on every answer. To be called before routes are added. */
export function identifyRequests(fastify: FastifyInstance): void {
  fastify.addHook('onSend', async (request, reply) => {
    void reply.header(REQUEST_ID_HEADER, requestIdOf(request));
  });
}
