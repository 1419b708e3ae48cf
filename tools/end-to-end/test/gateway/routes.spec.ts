import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FeatureStore } from '@watchnext/feature-store';
import { createLogger } from '@watchnext/service';
import { eventually } from '@watchnext/testing';
import type { CollectorClient } from '../../../../apps/gateway/src/clients/collector';
import { COLLECTOR } from '../../../../apps/gateway/src/tokens';
import { historyAnswer, snapshotAnswer, usersAnswer, videoAnswer } from '../../../../apps/gateway/src/http/schemas';
import { RecordingCollector } from './recording-collector';
import { dismissalEvent, eventOf, FIRST_SNAPSHOT, type TestGateway, VIDEOS, watchEvent, World } from './world';

describe('the other routes', () => {
  const collector = new RecordingCollector();
  let world: World;
  let gateway: TestGateway;
  const post = (body: string | Uint8Array<ArrayBuffer>, contentType: string) =>
    fetch(`${gateway.url}/v1/events`, {
      method: 'POST',
      body,
      headers: { 'content-type': contentType, 'x-api-key': 'key' },
    });

  beforeAll(async () => {
    world = await World.create();
    await world.fold(
      'ada',
      watchEvent('ada', 'v00', Date.now() - 90_000),
      watchEvent('ada', 'v11'),
      dismissalEvent('ada', 'v22'),
    );
    await world.fold('bob', watchEvent('bob', 'v01'));
    await world.fold('eve', watchEvent('eve', 'v01'), eventOf({ $case: 'userDeleted', value: { userId: 'eve' } }));
    await world.publish(FIRST_SNAPSHOT);
    gateway = await world.startGateway({ WATCHNEXT_INGESTION_URL: await collector.listen() });
  });

  afterAll(async () => {
    await collector.close();
    await world.close();
  });

  it('lists users, the busiest first, without deleted ones', async () => {
    const { status, body } = await gateway.get('/v1/users');
    expect(status).toBe(200);
    expect(usersAnswer.parse(body).users.map(({ userId }) => userId)).toEqual(['ada', 'bob']);
    expect((await gateway.get('/v1/users?limit=1')).body.users).toHaveLength(1);
    expect(await gateway.get('/v1/users?limit=0')).toMatchObject({ status: 400, body: { error: { field: 'limit' } } });
  });

  it('tells what a user watched, newest first, and nothing of a stranger', async () => {
    const { body } = await gateway.get('/v1/users/ada/history');
    const history = historyAnswer.parse(body);
    expect(history).toMatchObject({ known: true, watchCount: 2, dismissedVideoIds: ['v22'] });
    expect(history.watches.map(({ videoId, title }) => [videoId, title])).toEqual([
      ['v11', VIDEOS[11]!.title],
      ['v00', VIDEOS[0]!.title],
    ]);
    const stranger = await gateway.get('/v1/users/nobody/history');
    expect(stranger).toMatchObject({ status: 200, body: { known: false, watches: [], watchCount: 0 } });
  });

  it('waits for a feature store that hangs no longer than the caller does', async () => {
    const never = () => new Promise<never>(() => {});
    const featureStore = { read: never, listUserIds: never, close: async () => undefined } as unknown as FeatureStore;
    const hanging = await world.startGateway({}, { featureStore });
    for (const path of ['/v1/users', '/v1/users/ada/history']) {
      expect(await hanging.get(path, { 'x-deadline-ms': '30' })).toMatchObject({
        status: 503,
        body: { error: { code: 'feature-store-unavailable' } },
      });
    }
  });

  it('leaves a withdrawn video out of the history as soon as the catalogue tells of it', async () => {
    await world.fold('cay', watchEvent('cay', 'v02'), watchEvent('cay', 'v03'), dismissalEvent('cay', 'v02'));
    await world.tellCatalogue(eventOf({ $case: 'videoWithdrawn', value: { videoId: 'v02', reason: 'spec' } }));
    await gateway.until(({ body }) => body.watches.length === 1, '/v1/users/cay/history');
    const history = historyAnswer.parse((await gateway.get('/v1/users/cay/history')).body);
    expect(history).toMatchObject({ watchCount: 2, watches: [{ videoId: 'v03' }], dismissedVideoIds: [] });
  });

  it('tells what a video is, and 404 with its field for one that it does not know', async () => {
    const { body } = await gateway.get('/v1/videos/v12');
    expect(videoAnswer.parse(body)).toEqual({ ...VIDEOS[12], thumbnailUrl: '' });
    expect(await gateway.get('/v1/videos/nothing')).toMatchObject({
      status: 404,
      body: { error: { code: 'unknown-video', field: 'videoId' } },
    });
  });

  it('tells the current snapshot and what it was measured at', async () => {
    const { body } = await gateway.get('/v1/snapshot');
    expect(snapshotAnswer.parse(body)).toMatchObject({
      snapshotId: FIRST_SNAPSHOT,
      metrics: [{ name: 'candidates.recall@100', scorer: 'model', value: 0.5 }],
    });
  });

  it('passes events on byte for byte, whatever their form', async () => {
    const bytes = Uint8Array.from({ length: 5_000 }, (_, index) => (index * 31) % 256);
    for (const [body, contentType] of [
      ['{"events": [ ]  }\n', 'application/json'],
      ['not json {', 'application/json'],
      [bytes, 'application/x-protobuf'],
    ] as const) {
      const response = await post(body, contentType);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ accepted: 0, results: [] });
      const received = collector.received.at(-1)!;
      expect(received).toMatchObject({ contentType, apiKey: 'key' });
      expect(received.body.equals(Buffer.from(body as Uint8Array))).toBe(true);
    }
  });

  it('sends under its own key, as the file says now, for a client that sent none', async () => {
    const keyFile = join(world.dataDirectory, 'gateway-key');
    await writeFile(keyFile, 'own-key\n');
    const address = collector.address();
    const keyed = await world.startGateway({
      WATCHNEXT_INGESTION_URL: address,
      WATCHNEXT_GATEWAY_API_KEY_FILE: keyFile,
    });
    const send = (headers: Record<string, string>) =>
      fetch(`${keyed.url}/v1/events`, { method: 'POST', body: '{}', headers });
    const json = { 'content-type': 'application/json' };
    expect((await send(json)).status).toBe(200);
    expect(collector.received.at(-1)?.apiKey).toBe('own-key');
    expect((await send({ ...json, 'x-api-key': 'of-the-client' })).status).toBe(200);
    expect(collector.received.at(-1)?.apiKey).toBe('of-the-client');
    await writeFile(keyFile, 'a-newer-key\n');
    await send(json);
    expect(collector.received.at(-1)?.apiKey).toBe('a-newer-key');
    await rm(keyFile);
    const keyless = await send(json);
    expect([keyless.status, await keyless.json()]).toMatchObject([503, { error: { code: 'key-unavailable' } }]);
  });

  it('keeps what the API answers out of every cache but the files of its pages', async () => {
    for (const path of [
      '/v1/users',
      '/v1/users/ada/history',
      '/v1/users/ada/recommendations',
      '/v1/snapshot',
      '/v1/videos/v12',
    ])
      expect([path, (await fetch(`${gateway.url}${path}`)).headers.get('cache-control')]).toEqual([
        path,
        'private, no-store',
      ]);
    const events = await post('{"events":[]}', 'application/json');
    expect(events.headers.get('cache-control')).toBe('private, no-store');
    expect((await fetch(`${gateway.url}/style.css`)).headers.get('cache-control')).toBe('no-cache');
    expect((await fetch(`${gateway.url}/v1/videos/nothing`)).headers.get('cache-control')).toBe('no-store');
    const { body } = await gateway.get('/openapi.json');
    const answer = body.paths['/v1/users/{id}/history'].get.responses['200'];
    expect(answer.headers['cache-control']).toMatchObject({ schema: { enum: ['private, no-store'] } });
  });

  it('takes the refusal of its own key for a fault of its own, which it logs, and not of the client', async () => {
    const keyFile = join(world.dataDirectory, 'wrong-key');
    await writeFile(keyFile, 'not-known\n');
    const address = collector.address();
    const lines: Record<string, unknown>[] = [];
    const logger = createLogger('spec', { level: 'silent', format: 'json' });
    jest.spyOn(logger, 'error').mockImplementation((facts: unknown) => void lines.push(facts as never));
    const environment = { WATCHNEXT_INGESTION_URL: address, WATCHNEXT_GATEWAY_API_KEY_FILE: keyFile };
    const keyed = await world.startGateway(environment, { logger });
    collector.answer = { status: 401, body: '{"error":{"code":"unauthenticated","message":"not known"}}' };
    const send = (url: string, headers: Record<string, string> = {}) =>
      fetch(`${url}/v1/events`, { method: 'POST', body: '{}', headers });
    const refused = await send(keyed.url);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([502, '1']);
    expect(await refused.json()).toMatchObject({
      error: { code: 'key-refused', message: expect.stringMatching(/WATCHNEXT_GATEWAY_API_KEY_FILE.*again later/) },
    });
    expect(lines).toMatchObject([{ route: '/v1/events', err: { code: 'key-refused' } }]);
    // Of a key that is the client's, or missing with both, the client is told.
    const theirs = await send(keyed.url, { 'x-api-key': 'theirs' });
    expect([theirs.status, await theirs.text()]).toEqual([401, collector.answer.body]);
    expect((await send(gateway.url)).status).toBe(401);
    expect(lines).toHaveLength(1);
    const { body } = await gateway.get('/openapi.json');
    const { responses } = body.paths['/v1/events'].post;
    expect(responses['502'].description).toContain('key-refused');
  });

  it('passes the refusals of the collector back as they are', async () => {
    collector.answer = { status: 415, body: '{"error":{"code":"wrong-type","message":"no"}}' };
    const response = await post('x', 'text/plain');
    expect(response.status).toBe(415);
    expect(await response.text()).toBe(collector.answer.body);
  });

  it.each([
    ['is damaged', '{"accepted":1,"results":[{"index":0,"status":"accepted"'],
    ['has a verdict that there is not', '{"accepted":1,"results":[{"index":0,"eventId":"e","status":"accepqed"}]}'],
    ['has fewer verdicts than it says', '{"accepted":1,"results":[]}'],
    [
      'has two verdicts on one event',
      '{"accepted":2,"results":[{"index":1,"status":"accepted"},{"index":1,"status":"accepted"}]}',
    ],
    ['is of something else', '<html>welcome</html>'],
  ])('does not pass a 200 on whose body %s: the producer is to send the events again', async (_, body) => {
    collector.answer = { status: 200, body };
    const response = await post('{"events":[]}', 'application/json');
    expect([response.status, response.headers.get('retry-after')]).toEqual([502, '1']);
    expect(await response.json()).toMatchObject({ error: { code: 'collector-failed' } });
  });

  it('refuses a body beyond any limit of the collector', async () => {
    const response = await post('x'.repeat(1.1 * 1024 * 1024), 'application/json');
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: 'too-large' } });
  });

  it('ends its call to the collector with the caller', async () => {
    const calls: IncomingMessage[] = [];
    const silentCollector = createServer((request) => calls.push(request)).listen(0, '127.0.0.1');
    await once(silentCollector, 'listening');
    const { port } = silentCollector.address() as AddressInfo;
    const waiting = await world.startGateway({ WATCHNEXT_INGESTION_URL: `http://127.0.0.1:${port}` });
    const caller = new AbortController();
    const sending = fetch(`${waiting.url}/v1/events`, { method: 'POST', body: '{}', signal: caller.signal });
    await eventually(() => expect(calls).toHaveLength(1));
    const closed = once(calls[0]!.socket, 'close');
    caller.abort();
    await expect(sending).rejects.toThrow();
    await closed;
    silentCollector.close();
  });

  it('waits for the collector no longer than the caller does', async () => {
    const silentCollector = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silentCollector, 'listening');
    const { port } = silentCollector.address() as AddressInfo;
    const waiting = await world.startGateway({ WATCHNEXT_INGESTION_URL: `http://127.0.0.1:${port}` });
    const caller = new AbortController();
    const send = (headers: Record<string, string>) =>
      fetch(`${waiting.url}/v1/events`, { method: 'POST', body: '{}', headers, signal: caller.signal });
    let isPatientAnswered = false;
    const patient = send({}).then(() => (isPatientAnswered = true));
    expect((await send({ 'x-deadline-ms': 'soon' })).status).toBe(400);
    expect((await send({ 'x-deadline-ms': '50' })).status).toBe(502);
    expect(isPatientAnswered).toBe(false);
    caller.abort();
    await expect(patient).rejects.toThrow();
    silentCollector.close();
  });

  it('holds nothing against a collector that is late for a burst of callers in a hurry', async () => {
    const silentCollector = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silentCollector, 'listening');
    const { port } = silentCollector.address() as AddressInfo;
    const waiting = await world.startGateway({ WATCHNEXT_INGESTION_URL: `http://127.0.0.1:${port}` });
    const headers = { 'x-deadline-ms': '300' };
    const sent = Array.from({ length: 30 }, () =>
      fetch(`${waiting.url}/v1/events`, { method: 'POST', body: '{}', headers }),
    );
    for (const response of await Promise.all(sent)) expect(response.status).toBe(502);
    expect(await waiting.metric('watchnext_gateway_circuit_open{dependency="collector"}')).toBe(0);
    silentCollector.closeAllConnections();
    silentCollector.close();
  });

  it('answers a caller before its own deadline is over', async () => {
    const silentCollector = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silentCollector, 'listening');
    const { port } = silentCollector.address() as AddressInfo;
    const waiting = await world.startGateway({ WATCHNEXT_INGESTION_URL: `http://127.0.0.1:${port}` });
    const send = jest.spyOn(waiting.running.app.get<CollectorClient>(COLLECTOR), 'send');
    // Stands still, so that the deadline handed on tells how much of the caller's time it is, however late this process is.
    const nowMs = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(nowMs);
    const headers = { 'x-deadline-ms': '1000' };
    const response = await fetch(`${waiting.url}/v1/events`, { method: 'POST', body: '{}', headers });
    clock.mockRestore();
    expect(response.status).toBe(502);
    expect(send.mock.lastCall![2].deadlineAtMs - nowMs).toBeGreaterThan(0);
    expect(send.mock.lastCall![2].deadlineAtMs - nowMs).toBeLessThan(1_000);
    silentCollector.closeAllConnections();
    silentCollector.close();
  });

  it('says 502 when the collector is down, and soon does not ask it any more', async () => {
    await collector.close();
    const isOpen = () => gateway.metric('watchnext_gateway_circuit_open{dependency="collector"}');
    expect(await isOpen()).toBe(0);
    for (let sent = 0; sent < 20; sent++) {
      const response = await post('{"events":[]}', 'application/json');
      expect([response.status, response.headers.get('retry-after')]).toEqual([502, '1']);
      expect(await response.json()).toMatchObject({
        error: { code: 'collector-unreachable', message: expect.stringContaining('later') },
      });
    }
    expect(await isOpen()).toBeGreaterThan(0);
  });

  it('describes every route in OpenAPI', async () => {
    const { body } = await gateway.get('/openapi.json');
    expect(Object.keys(body.paths).sort()).toEqual([
      '/v1/events',
      '/v1/snapshot',
      '/v1/users',
      '/v1/users/{id}/history',
      '/v1/users/{id}/recommendations',
      '/v1/videos/{id}',
    ]);
    const answersOf = (path: string) => Object.keys(body.paths[path].get.responses);
    expect(answersOf('/v1/users')).toEqual(['200', '400', '401', '403', '429', '503']);
    expect(answersOf('/v1/users/{id}/history')).toEqual(['200', '400', '401', '403', '429', '503']);
    expect(answersOf('/v1/snapshot')).toEqual(['200', '401', '403', '404', '429']);
    expect(answersOf('/v1/videos/{id}')).toEqual(['200', '400', '404', '410', '503']);
    expect(answersOf('/v1/users/{id}/recommendations')).toEqual(['200', '400', '401', '403', '410', '429', '503']);
    const { parameters } = body.paths['/v1/users/{id}/recommendations'].get;
    expect(parameters.find(({ name }: { name: string }) => name === 'limit')).toMatchObject({
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 50, default: 10 },
    });
    expect(parameters.map(({ name }: { name: string }) => name).sort()).toEqual(
      [
        'country',
        'cursor',
        'device',
        'explain',
        'id',
        'limit',
        'preview',
        'seed',
        'surface',
        'x-country',
        'x-deadline-ms',
        'x-device',
        'x-request-id',
      ].sort(),
    );
  });

  it('serves the pages and their files, nothing else, and nothing from elsewhere', async () => {
    for (const [path, type] of [
      ['/', 'text/html'],
      ['/docs', 'text/html'],
      ['/style.css', 'text/css'],
      ['/js/app.js', 'text/javascript'],
    ]) {
      const response = await fetch(`${gateway.url}${path}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toContain(type);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
      const text = await response.text();
      expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
      const again = await fetch(`${gateway.url}${path}`, {
        headers: { 'if-none-match': response.headers.get('etag')! },
      });
      expect(again.status).toBe(304);
    }
    for (const path of ['/js/../../package.json', '/%2e%2e/package.json', '/js/nothing.js', '/v2/users']) {
      expect(await gateway.get(path)).toMatchObject({ status: 404, body: { error: { code: 'not-found' } } });
    }
  });

  it('is alive, and ready once it has read the catalogue', async () => {
    expect(await gateway.get('/livez')).toMatchObject({ status: 200, body: { alive: true } });
    expect(await gateway.get('/readyz')).toMatchObject({
      status: 200,
      body: { ready: true, catalogueVideos: 60, snapshotId: FIRST_SNAPSHOT },
    });
  });

  it('counts answers and stages for Prometheus', async () => {
    await gateway.recommend('ada');
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(text).toMatch(
      /^watchnext_gateway_answers_total\{rung="memory-popular",reason="(dependency-unreachable|circuit-open)"\} \d+$/m,
    );
    expect(text).toMatch(
      /^watchnext_gateway_stage_failures_total\{stage="retrieve",category="dependency-unreachable"\} \d+$/m,
    );
    expect(text).toMatch(/^watchnext_gateway_stage_seconds_count\{stage="rank"\} \d+$/m);
  });
});
