import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError } from '@watchnext/service';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { eventually } from '@watchnext/testing';
import { limitConsoleReads } from './console-reads';

describe('the console’s reads', () => {
  let server: FastifyInstance;
  let port: number;
  let waiting: (() => void)[] = [];
  /** What comes before the limit, as the console's guard does. */
  let before: (reply: FastifyReply) => Promise<void>;

  beforeEach(async () => {
    waiting = [];
    before = async () => undefined;
    server = fastify();
    server.setErrorHandler((error, _request, reply) =>
      reply.status(error instanceof ApiError ? error.status : 500).send(),
    );
    server.addHook('onRequest', (_request, reply) => before(reply));
    limitConsoleReads(server, new Set(['/v1/users']));
    server.get('/v1/users', () => new Promise((resolve) => waiting.push(() => resolve('users'))));
    server.get('/v1/list', async () => 'list');
    await server.listen({ port: 0, host: '127.0.0.1' });
    port = (server.server.address() as AddressInfo).port;
  });

  afterEach(() => server.close());

  const read = (path = '/v1/users') => fetch(`http://127.0.0.1:${port}${path}`).then(({ status }) => status);
  const until = (isSo: () => boolean) => eventually(() => isSo() || !server.server.listening, String(isSo));

  it('are eight at once; others are told to come again, and lists are not held up', async () => {
    const reads = Array.from({ length: 8 }, () => read());
    await until(() => waiting.length === 8);
    expect(await read()).toBe(429);
    expect(await read('/v1/list')).toBe(200);
    waiting.forEach((answer) => answer());
    expect(await Promise.all(reads)).toEqual(new Array(8).fill(200));
    const next = read();
    await until(() => waiting.length === 9);
    waiting[8]!();
    expect(await next).toBe(200);
  });

  it('end with callers that hang up', async () => {
    const callers = Array.from({ length: 8 }, () => httpRequest({ port, path: '/v1/users', host: '127.0.0.1' }));
    for (const caller of callers) caller.on('error', () => undefined).end();
    await until(() => waiting.length === 8);
    for (const caller of callers) caller.destroy();
    let isAnswered = false;
    while (!isAnswered) {
      // Refused until the server has noticed.
      const next = read();
      const isLetIn = await Promise.race([next.then(() => false), until(() => waiting.length === 9).then(() => true)]);
      if (!isLetIn) continue;
      waiting[8]!();
      expect(await next).toBe(200);
      isAnswered = true;
    }
  });

  it('end with callers that hung up before they were counted', async () => {
    let pass: () => void = () => undefined;
    const passed = new Promise<void>((resolve) => (pass = resolve));
    let held = 0;
    let closed = 0;
    before = async ({ raw }) => {
      held++;
      raw.once('close', () => closed++);
      await passed;
    };
    const callers = Array.from({ length: 8 }, () => httpRequest({ port, path: '/v1/users', host: '127.0.0.1' }));
    for (const caller of callers) caller.on('error', () => undefined).end();
    await until(() => held === 8);
    for (const caller of callers) caller.destroy();
    await until(() => closed === 8);
    pass();
    // Whoever is let in is answered.
    const answering = setInterval(() => waiting.forEach((answer) => answer()), 5);
    expect(await read()).toBe(200);
    clearInterval(answering);
  });
});
