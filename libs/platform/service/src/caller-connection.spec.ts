import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import fastify, { type FastifyHttpOptions, type FastifyInstance } from 'fastify';
import { eventually } from '@watchnext/waiting/testing';
import { SERVICE_METRICS } from './metric-names';
import { MetricsRegistry } from './metrics';
import { countHttpRequests } from './service-metrics';
import { traceHttpRequests } from './trace-http';
import { installTracing } from './tracing';

describe('a request', () => {
  let metrics: MetricsRegistry;
  let server: FastifyInstance;
  let exporter: InMemorySpanExporter;
  let stopTracing: () => Promise<void>;
  let letGo: () => void;
  let onAsked: () => void;

  const start = async (limits: FastifyHttpOptions<Server> = {}) => {
    metrics = new MetricsRegistry({});
    exporter = new InMemorySpanExporter();
    stopTracing = await installTracing('spec', new SimpleSpanProcessor(exporter));
    server = fastify({ forceCloseConnections: true, ...limits });
    countHttpRequests(server, metrics);
    traceHttpRequests(server);
    const held = new Promise<void>((resolve) => (letGo = resolve));
    server.get('/slow', async () => {
      onAsked();
      await held;
      return {};
    });
    server.post('/slow', async () => ({}));
    server.get('/quick/:id', async () => ({}));
    server.get('/fails', async (_request, reply) => reply.status(503).send());
    await server.listen({ port: 0, host: '127.0.0.1' });
  };
  afterEach(async () => {
    letGo();
    await server.close();
    await stopTracing();
  });

  const port = () => (server.server.address() as AddressInfo).port;
  const countOf = (route: string, status: string, method = 'GET') =>
    metrics.value(SERVICE_METRICS.httpRequests, { route, method, status });
  const spans = () =>
    exporter.getFinishedSpans().map(({ name, attributes, status }) => ({
      name,
      status: attributes['http.response.status_code'],
      failed: status.message,
    }));
  const untilSpans = (count: number) => eventually(() => exporter.getFinishedSpans().length >= count, `${count} spans`);

  it('whose caller leaves is counted and traced as 499, once, with the time until then', async () => {
    await start();
    const asked = new Promise<void>((resolve) => (onAsked = resolve));
    const socket = connect(port(), '127.0.0.1');
    socket.write('GET /slow HTTP/1.1\r\nhost: a\r\n\r\n');
    await asked;
    await new Promise((resolve) => setTimeout(resolve, 60));
    socket.destroy();
    await once(socket, 'close');
    await untilSpans(1);
    expect(countOf('/slow', '499')).toBe(1);
    expect(metrics.render()).toMatch(/http_seconds_bucket\{route="\/slow",le="0.05"} 0\n/);
    // The answer that nobody gets is no second request.
    letGo();
    await fetch(`http://127.0.0.1:${port()}/quick/1`);
    await untilSpans(2);
    expect([countOf('/slow', '499'), countOf('/slow', '200')]).toEqual([1, 0]);
    expect(spans()[0]).toEqual({ name: 'GET /slow', status: 499, failed: undefined });
  });

  it('whose body does not come in time is counted and traced as the 408 that the server says', async () => {
    await start({ requestTimeout: 300, http: { connectionsCheckingInterval: 20, headersTimeout: 300 } });
    const socket = connect(port(), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => (answer += text));
    socket.write('POST /slow HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{');
    await once(socket, 'close');
    await untilSpans(1);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect([countOf('/slow', '408', 'POST'), countOf('/slow', '499', 'POST')]).toEqual([1, 0]);
    expect(spans()).toEqual([{ name: 'POST /slow', status: 408, failed: undefined }]);
  });

  it.each([
    ['/quick/7', '/quick/:id', 200, undefined],
    ['/fails', '/fails', 503, 'status 503'],
    ['/nowhere', 'none', 404, undefined],
  ])('for %s that is answered counts by its route, %s, and status %s', async (path, route, status, failed) => {
    await start();
    await (await fetch(`http://127.0.0.1:${port()}${path}`)).text();
    await untilSpans(1);
    expect(countOf(route, String(status))).toBe(1);
    expect(spans()).toEqual([{ name: `GET ${route}`, status, failed }]);
  });
});
