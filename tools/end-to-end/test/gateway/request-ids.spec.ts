/** One id for a request, from its caller's header to the logs of all that it causes. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FIRST_SNAPSHOT, silent, type TestGateway, watchEvent, World } from './world';

describe('the id of a request', () => {
  let world: World;
  let gateway: TestGateway;
  let collector: Server;
  const received: IncomingHttpHeaders[] = [];

  beforeAll(async () => {
    world = await World.create();
    await world.fold('ada', watchEvent('ada', 'v00'));
    await world.publish(FIRST_SNAPSHOT);
    await Promise.all([world.startRetrieval(), world.startRanking()]);
    collector = createServer((request, response) => {
      received.push(request.headers);
      request.resume().on('end', () => response.end('{"accepted":0,"results":[]}'));
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const { port } = collector.address() as AddressInfo;
    gateway = await world.startGateway({ WATCHNEXT_INGESTION_URL: `http://127.0.0.1:${port}` });
  });
  afterAll(async () => {
    await world.close();
    await new Promise((resolve) => collector.close(resolve));
  });

  const ask = async (path: string, id?: string, init: RequestInit = {}) => {
    const response = await fetch(`${gateway.url}${path}`, {
      ...init,
      headers: { ...init.headers, ...(id === undefined ? {} : { 'x-request-id': id }) },
    });
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers of any route
    const body: any = await response.json().catch(() => undefined);
    return { status: response.status, id: response.headers.get('x-request-id'), body };
  };

  it('is its caller’s, in the answer and in the logs of retrieval and ranking', async () => {
    const logged = jest.spyOn(silent, 'debug');
    const named = await ask('/v1/users/ada/recommendations', 'mine_1-A');
    expect([named.status, named.id]).toEqual([200, 'mine_1-A']);
    // That of the list stays the gateway's: impressions are named by it, and whoever asks twice gets two lists.
    expect(named.body.requestId).not.toBe('mine_1-A');
    const rpcs = logged.mock.calls.map(([facts]) => facts as unknown as { rpc?: string; requestId: string });
    const ofCalls = rpcs.filter(({ rpc }) => rpc !== undefined).map(({ rpc, requestId }) => [rpc, requestId]);
    expect(ofCalls).toEqual([
      ['Retrieve', 'mine_1-A'],
      ['Rank', 'mine_1-A'],
    ]);
    logged.mockRestore();
  });

  it('is the list’s where the caller has none, or none that may go into a log', async () => {
    for (const sent of [undefined, 'two words', 'x'.repeat(65)]) {
      const { id, body } = await ask('/v1/users/ada/recommendations', sent);
      expect(id).toBe(body.requestId);
    }
  });

  it.each([
    [400, '/v1/users/ada/recommendations?limit=0'],
    [404, '/v1/videos/unheard-of'],
    [404, '/v2/nothing'],
    // Refused by Fastify itself, before any route.
    [400, '/v1/users/%zz/recommendations'],
  ])('stands in the header and the body of a %s: %s', async (status, path) => {
    expect(await ask(path, 'caller-7')).toMatchObject({
      status,
      id: 'caller-7',
      body: { error: { requestId: 'caller-7' } },
    });
    const nameless = await ask(path);
    expect(nameless.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(nameless.body.error.requestId).toBe(nameless.id);
  });

  it('goes to the collector with the events', async () => {
    const init = { method: 'POST', body: '{"events":[]}', headers: { 'content-type': 'application/json' } };
    expect(await ask('/v1/events', 'events-1', init)).toMatchObject({ status: 200, id: 'events-1' });
    const { id } = await ask('/v1/events', undefined, init);
    expect(received.map((headers) => headers['x-request-id'])).toEqual(['events-1', id]);
  });
});
