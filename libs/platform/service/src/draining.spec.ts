import { Agent, get } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { Draining } from './draining';

describe('draining', () => {
  let fastify: FastifyInstance;
  let draining: Draining;
  let url: string;
  let finish: () => void;
  let entered: Promise<void>;
  let agent: Agent;
  let clock: () => number;
  beforeEach(async () => {
    fastify = Fastify({ return503OnClosing: false });
    clock = () => performance.now();
    draining = new Draining(() => clock());
    draining.watch(fastify);
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let enter: () => void;
    entered = new Promise((resolve) => (enter = resolve));
    fastify.get('/slow', async () => {
      enter();
      await finished;
      return 'done';
    });
    fastify.get('/readyz', async (_request, reply) => reply.status(draining.isStopping ? 503 : 200).send('x'));
    url = await fastify.listen({ port: 0, host: '127.0.0.1' });
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
  });
  afterEach(async () => {
    agent.destroy();
    await fastify.close();
  });

  /** On the one connection that is kept, while it lasts. */
  const ask = (path: string) =>
    new Promise<{ status?: number; body: string; isLast: boolean }>((resolve, reject) => {
      get(`${url}${path}`, { agent }, (answer) => {
        const { statusCode: status, headers } = answer;
        text(answer).then((body) => resolve({ status, body, isLast: headers.connection === 'close' }), reject);
      }).on('error', reject);
    });

  it('waits for what is in work, listening on and not ready', async () => {
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const answer = ask('/slow');
    await entered;
    let isDrained = false;
    const drained = draining.begin(60_000).then(() => (isDrained = true));
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect(isDrained).toBe(false);
    finish();
    expect(await answer).toEqual({ status: 200, body: 'done', isLast: true });
    await drained;
  });

  it('goes on for a connection in use, until an answer has ended it', async () => {
    // However slow this machine is, the connection is not quiet for long.
    const standingMs = performance.now();
    clock = () => standingMs;
    expect(await ask('/readyz')).toMatchObject({ status: 200, isLast: false });
    let isDrained = false;
    const drained = draining.begin(60_000).then(() => (isDrained = true));
    await delay(200);
    expect(isDrained).toBe(false);
    expect(await ask('/readyz')).toMatchObject({ status: 503, isLast: true });
    // Nothing is open, so nothing can come.
    await drained;
  });

  it('does not wait for a connection that idles', async () => {
    await ask('/readyz');
    const laterMs = performance.now() + 1_000;
    clock = () => laterMs;
    await draining.begin(60_000);
  });

  it('waits no longer than it may, for what comes later too', async () => {
    await draining.begin(60_000);
    const late = ask('/slow');
    await entered;
    let nowMs = 0;
    clock = () => (nowMs += 10);
    await draining.begin(50);
    // A look or two after the limit, however long this machine took for them.
    expect(nowMs).toBeLessThanOrEqual(70);
    finish();
    expect((await late).status).toBe(200);
  });
});
