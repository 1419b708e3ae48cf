import Fastify, { type FastifyInstance } from 'fastify';
import { Draining } from './draining';

describe('draining', () => {
  let fastify: FastifyInstance;
  let draining: Draining;
  let url: string;
  let finish: () => void;
  let entered: Promise<void>;
  beforeEach(async () => {
    fastify = Fastify();
    draining = new Draining();
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
  });
  afterEach(() => fastify.close());
  it('waits for what is in work, listening on and not ready', async () => {
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const answer = fetch(`${url}/slow`).then((response) => response.text());
    await entered;
    let isDrained = false;
    const drained = draining.begin(60_000).then(() => (isDrained = true));
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect(isDrained).toBe(false);
    finish();
    expect(await answer).toBe('done');
    await drained;
  });

  it('waits no longer than it may, and not for what comes later', async () => {
    await draining.begin(60_000);
    const late = fetch(`${url}/slow`);
    await entered;
    // It does not wait for the answer, which comes after it.
    await draining.begin(50);
    finish();
    expect((await late).status).toBe(200);
  });
});
