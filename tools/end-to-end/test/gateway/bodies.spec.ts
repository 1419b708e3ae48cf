/** Bodies of events on their way through a gateway: how many it holds, and for how long. */
import { connect, type Socket } from 'node:net';
import { eventually } from '@watchnext/testing';
import { RecordingCollector } from './recording-collector';
import { type TestGateway, World } from './world';

async function textUntilEnd(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('a gateway and bodies that do not come', () => {
  const collector = new RecordingCollector();
  let world: World;
  let bounded: TestGateway;
  const idle: Socket[] = [];
  /** Two of them are more than the gateway may hold. */
  const promisedBytes = 600 * 1024;
  /** A request that says how much it will send. */
  const open = (line: string, sent: string) => {
    const { hostname, port } = new URL(bounded.url);
    const socket = connect(Number(port), hostname);
    const head = `host: a\r\ncontent-type: application/json\r\ncontent-length: ${promisedBytes}\r\n\r\n`;
    socket.write(`${line} HTTP/1.1\r\n${head}${sent}`);
    // The gateway may close it first.
    socket.on('error', () => undefined);
    idle.push(socket);
    return socket;
  };
  const send = () => fetch(`${bounded.url}/v1/events`, { method: 'POST', body: 'x'.repeat(promisedBytes) });
  const shedBodies = () => bounded.metric('watchnext_gateway_shed_requests_total{of="bodies"}');

  beforeAll(async () => {
    world = await World.create();
    bounded = await world.startGateway({
      WATCHNEXT_INGESTION_URL: await collector.listen(),
      WATCHNEXT_GATEWAY_REQUEST_TIMEOUT_MS: '3000',
      WATCHNEXT_GATEWAY_IN_FLIGHT_MB: '1',
    });
  });
  const closeAll = () => idle.splice(0).forEach((socket) => socket.destroy());
  afterEach(closeAll);
  afterAll(async () => {
    await collector.close();
    await world.close();
  });

  it('takes those of others, and ends the silent ones after a while', async () => {
    const silent = open('POST /v1/events', '{');
    const answer = textUntilEnd(silent);
    for (let i = 0; i < 100; i++) open('POST /v1/events', '{');
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (let sent = 0; sent < 20; sent++) expect((await send()).status).toBe(200);
    expect(await shedBodies()).toBe(0);
    expect(await answer).toMatch(/^HTTP\/1\.1 408/);
  });

  it('holds no more than it may of those that have come but for their end, and counts what it refuses', async () => {
    await eventually(async () => {
      // Where it came second it was refused.
      open('POST /v1/events', 'x'.repeat(promisedBytes - 1));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const { status, headers } = await send();
      expect([status, headers.get('retry-after')]).toEqual([429, '1']);
    });
    expect(await shedBodies()).toBeGreaterThan(0);
    expect((await bounded.get('/readyz')).status).toBe(200);
    closeAll();
    await eventually(async () => expect((await send()).status).toBe(200));
  });

  it('answers at once where no route takes one', async () => {
    const answers = [textUntilEnd(open('POST /v1/nothing', '')), textUntilEnd(open('PUT /v1/events', '{'))];
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatch(/^HTTP\/1\.1 404/);
      expect(answer).toContain('"code":"not-found"');
    }
  });
});
