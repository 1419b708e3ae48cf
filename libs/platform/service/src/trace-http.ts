import type { FastifyInstance, FastifyRequest } from 'fastify';
import { onceOver } from './caller-connection';
import { HTTP_METHOD, inSpan, isTracing, markFailed, type Span, SpanKind, startSpan, traceContextOf } from './tracing';

/**
 * A span for each HTTP request, continuing its caller's trace. To be called before routes are added.
 *
 * The span becomes the active one only once the body is read: the events of a body's stream come from the connection, not from
 * the request's own chain of calls, and would lose it.
 */
export function traceHttpRequests(fastify: FastifyInstance): void {
  if (!isTracing()) return;
  const spans = new WeakMap<FastifyRequest, Span>();
  fastify.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const parent = traceContextOf((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? value : undefined;
    });
    const attributes = { [HTTP_METHOD]: request.method, 'http.route': route };
    const span = startSpan(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes, parent });
    if (span) {
      spans.set(request, span);
      onceOver(reply, (status) => {
        span.setAttribute('http.response.status_code', status);
        if (status >= 500) markFailed(span, `status ${status}`);
        span.end();
      });
    }
    done();
  });
  fastify.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span) inSpan(span, done);
    else done();
  });
}
