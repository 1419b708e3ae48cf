import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CollectorClient } from './collector-client';

type Answer = readonly [materialised: number, archived: number] | number | undefined;

/** Answers one after the other, the last again and again; undefined is an error, as is a status. */
function answering(answers: readonly Answer[]): Server {
  const left = [...answers];
  return createServer((_, response) => {
    const answer = left.length > 1 ? left.shift() : left[0];
    if (typeof answer !== 'object') response.writeHead(answer ?? 503).end('not yet');
    else response.end(JSON.stringify({ materialised: answer[0], archived: answer[1] }));
  });
}

describe('a client of the collector', () => {
  let server: Server;
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  async function client(...answers: Parameters<typeof answering>[0]): Promise<CollectorClient> {
    server = answering(answers);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new CollectorClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  it('waits until nothing lags, past answers that are none', async () => {
    const told: number[] = [];
    const collector = await client([5, 9], undefined, [0, 4], [0, 0]);
    await collector.drained({ onLag: ({ materialised, archived }) => told.push(materialised + archived) });
    expect(told).toEqual([14, 4, 0]);
  });

  it('waits for the states alone where only they are asked for', async () => {
    const collector = await client([5, 9], [0, 9]);
    await expect(collector.drained({ of: ['materialised'] })).resolves.toBeUndefined();
  });

  it('says of what does not move how much there is left, and of what does not answer that it does not', async () => {
    await expect((await client([0, 3])).drained({ stuckMs: 200 })).rejects.toMatchObject({
      name: 'StuckError',
      message: 'ingestion has not moved for 0.2 s (3 records behind)',
    });
    await new Promise((resolve) => server.close(resolve));
    await expect((await client(undefined)).drained({ stuckMs: 200 })).rejects.toThrow('it does not answer');
  });

  it('says what it is told instead of the lag', async () => {
    await expect((await client([0, 3], 500)).drained({ stuckMs: 200 })).rejects.toMatchObject({
      name: 'StuckError',
      message: 'ingestion has not moved for 0.2 s (3 records behind; GET /v1/lag answered 500: not yet)',
    });
  });

  it.each([401, 403, 404])('does not wait for what will be refused again: %d', async (status) => {
    const collector = await client(status, [0, 0]);
    await expect(collector.drained()).rejects.toMatchObject({ name: 'AnswerError', status });
  });

  it('asks again where it asked too often', async () => {
    await expect((await client(429, [0, 0])).drained()).resolves.toBeUndefined();
  });

  it('takes what falls for moving, though it was less before', async () => {
    const falling = Array.from({ length: 9 }, (_, n) => [90_000 - n, 0] as const);
    const collector = await client([5, 0], ...falling, [0, 0]);
    const now = jest.spyOn(performance, 'now');
    let atMs = 0;
    const onLag = () => void (atMs += 40);
    now.mockImplementation(() => atMs);
    await collector.drained({ stuckMs: 100, onLag }).finally(() => now.mockRestore());
  });

  it.each([
    ['right after an answer', (stop: () => void) => stop()],
    ['between two answers', (stop: () => void) => void setTimeout(stop, 10)],
  ])('ends at the signal with its reason, %s', async (_, soon) => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const collector = await client([0, 3]);
    const draining = collector.drained({ signal: stop.signal, onLag: () => soon(() => stop.abort(reason)) });
    await expect(draining).rejects.toBe(reason);
  });

  it('ends with the reason of a signal that comes before the answer', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    server = createServer(() => stop.abort(reason));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const collector = new CollectorClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await expect(collector.drained({ signal: stop.signal })).rejects.toBe(reason);
  });

  it('gives the status and the reason of an error', async () => {
    await expect((await client(undefined)).lag()).rejects.toMatchObject({
      name: 'AnswerError',
      status: 503,
      message: 'GET /v1/lag answered 503: not yet',
    });
  });
});
