import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { eventually } from '@watchnext/testing';
import { CallerGoneError } from '../pipeline/failure';
import { goneSignal } from './caller';

describe('a caller that hangs up', () => {
  let server: FastifyInstance;
  let handle: (reply: FastifyReply) => Promise<string>;

  beforeEach(async () => {
    server = fastify();
    server.get('/', (_request, reply) => handle(reply));
    await server.listen({ port: 0, host: '127.0.0.1' });
  });
  afterEach(() => server.close());

  const port = () => (server.server.address() as AddressInfo).port;
  const ask = () => {
    const caller = httpRequest({ port: port(), path: '/', host: '127.0.0.1' });
    caller.on('error', () => undefined).end();
    return caller;
  };
  const closing = ({ raw }: FastifyReply) => new Promise<void>((resolve) => raw.once('close', resolve));

  it('is noticed, while it is waited for and where it left before', async () => {
    let leave: () => void = () => undefined;
    const signals = new Promise<AbortSignal[]>((resolve) => {
      handle = async (reply) => {
        const early = goneSignal(reply);
        setImmediate(() => leave());
        await closing(reply);
        resolve([early, goneSignal(reply)]);
        return 'nobody reads it';
      };
    });
    const caller = ask();
    leave = () => caller.destroy();
    const reasons = (await signals).map(({ reason }) => reason as unknown);
    expect(reasons).toEqual([expect.any(CallerGoneError), expect.any(CallerGoneError)]);
  });

  it('is not taken for one that was answered', async () => {
    let answered: FastifyReply | undefined;
    let early: AbortSignal | undefined;
    handle = async (reply) => {
      answered = reply;
      early = goneSignal(reply);
      return 'answer';
    };
    expect(await (await fetch(`http://127.0.0.1:${port()}/`)).text()).toBe('answer');
    await eventually(() => answered!.raw.closed, 'the end of the answer');
    expect([early!.aborted, goneSignal(answered!).aborted]).toEqual([false, false]);
  });
});
