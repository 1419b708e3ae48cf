/** What one request causes is one tree of spans, whichever services and transports it goes through. */
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { loadConfig } from '@watchnext/config';
import { installTracing } from '@watchnext/service';
import { eventually } from '@watchnext/testing';
import { ingestionSettings } from '../../../../apps/ingestion/src/config';
import { startIngestion } from '../../../../apps/ingestion/src/start';
import { v7 as timeOrderedId } from 'uuid';
import { FIRST_SNAPSHOT, silent, type TestGateway, World } from './world';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${CALLER}-01`;

describe('traces', () => {
  const exporter = new InMemorySpanExporter();
  let stopTracing: () => Promise<void>;
  let world: World;
  let gateway: TestGateway;
  let ingestionUrl: string;

  const spansOf = (traceId: string) =>
    exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
  const named = (spans: readonly ReadableSpan[], name: string) => {
    const found = spans.filter((span) => span.name === name);
    expect({ name, count: found.length }).toEqual({ name, count: 1 });
    return found[0]!;
  };
  const expectChild = (child: ReadableSpan, parent: ReadableSpan) =>
    expect([child.name, child.parentSpanContext?.spanId]).toEqual([child.name, parent.spanContext().spanId]);

  beforeAll(async () => {
    stopTracing = await installTracing('spec', new SimpleSpanProcessor(exporter));
    world = await World.create();
    await world.publish(FIRST_SNAPSHOT);
    const { app, port } = await startIngestion(
      loadConfig(ingestionSettings, {
        WATCHNEXT_DATA_DIR: world.dataDirectory,
        WATCHNEXT_HTTP_PORT: '0',
        WATCHNEXT_INGESTION_ROLES: 'collect,materialise',
      }),
      silent,
    );
    world.closing(app);
    ingestionUrl = `http://127.0.0.1:${port}`;
    await Promise.all([world.startRetrieval(), world.startRanking()]);
    gateway = await world.startGateway({ WATCHNEXT_INGESTION_URL: ingestionUrl });
  });
  afterAll(async () => {
    await world?.close();
    await stopTracing?.();
  });
  beforeEach(() => exporter.reset());

  it('of a list: one tree from the caller over gateway, retrieval and ranking to the log', async () => {
    const { body } = await gateway.get('/v1/users/ada/recommendations', { traceparent });
    expect(body.rung).toBe('full');
    await eventually(() => spansOf(TRACE).some(({ name }) => name.startsWith('GET')), 'the span of the request');
    const spans = spansOf(TRACE);
    const request = named(spans, 'GET /v1/users/:id/recommendations');
    expect(request.parentSpanContext).toMatchObject({ spanId: CALLER, isRemote: true });
    const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
    for (const span of spans) {
      if (span !== request) expect(byId.has(span.parentSpanContext!.spanId)).toBe(true);
    }
    for (const [stage, call, rpc] of [
      ['retrieve', 'call retrieval', 'Retrieve'],
      ['rank', 'call ranking', 'Rank'],
    ] as const) {
      expectChild(named(spans, stage), request);
      expectChild(named(spans, call), named(spans, stage));
      expectChild(named(spans, rpc), named(spans, call));
      expect(named(spans, rpc).parentSpanContext?.isRemote).toBe(true);
    }
    const logged = named(spans, 'log-impressions');
    const isMaterialised = () => spansOf(TRACE).some(({ name }) => name === 'materialise');
    await eventually(isMaterialised, 'the span of the materialiser');
    expectChild(named(spansOf(TRACE), 'materialise'), logged);
  });

  it('of an event: from the gateway over the collector into the materialiser', async () => {
    const events = [
      {
        eventId: timeOrderedId(),
        occurredAtMs: Date.now(),
        producer: 'spec',
        watch: { userId: 'ada', videoId: 'v03', playbackId: 'p', positionSeconds: 30 },
      },
    ];
    const response = await fetch(`${gateway.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: JSON.stringify({ events }),
    });
    expect(await response.json()).toMatchObject({ accepted: 1 });
    const isMaterialised = () => spansOf(TRACE).some(({ name }) => name === 'materialise');
    await eventually(isMaterialised, 'the span of the materialiser');
    const posts = spansOf(TRACE).filter(({ name }) => name === 'POST /v1/events');
    const atGateway = posts.find((span) => span.parentSpanContext?.spanId === CALLER)!;
    const atCollector = posts.find((span) => span !== atGateway)!;
    expectChild(atCollector, atGateway);
    const materialise = named(spansOf(TRACE), 'materialise');
    expectChild(materialise, atCollector);
    expect(materialise.parentSpanContext?.isRemote).toBe(true);
  });

  it('begin here where a caller traces nothing, and are not begun where it decided against', async () => {
    await gateway.get('/v1/users/ada/recommendations', { traceparent: `00-${TRACE}-${CALLER}-00` });
    await gateway.get('/v1/users/bob/recommendations');
    const requests = () => exporter.getFinishedSpans().filter(({ name }) => name.startsWith('GET /v1'));
    await eventually(() => requests().length > 0, 'a span');
    expect(requests()).toHaveLength(1);
    expect(requests()[0]!.parentSpanContext).toBeUndefined();
    expect(spansOf(TRACE)).toEqual([]);
  });
});
