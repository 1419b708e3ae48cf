import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { eventually } from '@watchnext/waiting/testing';
import { ApiError } from './api-error';
import { type BodyInFlight, countBodies, declaredBytes, InFlightBytes } from './in-flight-bytes';

describe('bytes in flight', () => {
  it('are bounded together, and one body alone is let in whatever its size', () => {
    const bytes = new InFlightBytes(10);
    const first = bytes.begin(20)!;
    expect([first.grow(15), first.grow(5), bytes.count, bytes.begin(1)]).toEqual([true, true, 20, undefined]);
    first.giveBack();
    expect(bytes.count).toBe(0);
    const [second, third] = [bytes.begin(6)!, bytes.begin(4)!];
    expect([second.grow(6), third.grow(4), bytes.begin(1), bytes.count]).toEqual([true, true, undefined, 10]);
    second.giveBack();
    third.giveBack();
    expect(bytes.count).toBe(0);
  });

  it('are those that have come, not those that were promised', () => {
    const bytes = new InFlightBytes(10);
    const idle = Array.from({ length: 100 }, () => bytes.begin(10));
    expect([idle.includes(undefined), bytes.count]).toEqual([false, 0]);
    expect(idle[0]!.grow(1)).toBe(true);
    expect([bytes.begin(10), bytes.begin(9) === undefined, bytes.count]).toEqual([undefined, false, 1]);
  });

  it('of a body that outgrows what others leave are refused, and of one that was given back count no more', () => {
    const bytes = new InFlightBytes(10);
    const [first, second] = [bytes.begin(0)!, bytes.begin(0)!];
    expect([first.grow(6), second.grow(4), second.grow(1), bytes.count]).toEqual([true, true, false, 10]);
    second.giveBack();
    expect([bytes.count, second.grow(1), first.grow(100), bytes.count]).toEqual([6, false, true, 106]);
    second.giveBack();
    first.giveBack();
    expect(bytes.count).toBe(0);
  });

  it.each([
    ['5', 5],
    ['500', 100],
    [undefined, 100],
    ['many', 100],
  ])('of a body that declares %s are %s', (length, bytes) => {
    expect(declaredBytes({ headers: { 'content-length': length } }, 100)).toBe(bytes);
  });
});

describe('a server that counts bodies as they come', () => {
  const bytes = new InFlightBytes(1_000);
  const bodies = new WeakMap<object, BodyInFlight>();
  const sockets: Socket[] = [];
  let server: FastifyInstance;
  let port: number;

  beforeAll(async () => {
    server = fastify({ forceCloseConnections: true });
    server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, read, done) => done(null, read));
    server.setErrorHandler((error, _request, reply) =>
      reply.status((error as unknown as ApiError).status ?? 500).send({ message: (error as Error).message }),
    );
    server.addHook('onRequest', (request, _reply, done) => {
      const body = bytes.begin(0);
      if (body) bodies.set(request.raw, body);
      done();
    });
    server.addHook('onResponse', (request, _reply, done) => {
      bodies.get(request.raw)?.giveBack();
      done();
    });
    const bodyOf = ({ raw }: FastifyRequest) => bodies.get(raw);
    countBodies(server, bodyOf, () => new ApiError(429, 'overloaded', 'too many bodies'));
    server.post('/take', (request) => {
      bodies.get(request.raw)?.giveBack();
      return { bytes: (request.body as Buffer).length };
    });
    server.get('/tell', () => ({}));
    await server.listen({ port: 0, host: '127.0.0.1' });
    ({ port } = server.server.address() as AddressInfo);
  });
  afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));
  afterAll(() => server.close());

  const post = (path: string, body: string) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });
  /** The head of a request whose body is still to come. */
  const open = (line: string, length: number, framing = `content-length: ${length}`) => {
    const socket = connect(port, '127.0.0.1');
    // The server may close it first.
    socket.on('error', () => undefined);
    sockets.push(socket);
    socket.write(`${line} HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\n${framing}\r\n\r\n`);
    return socket;
  };
  const firstLineFrom = async (socket: Socket) => String((await once(socket, 'data'))[0]).split('\r\n')[0];
  const untilCounted = (count: number) => eventually(() => bytes.count === count, `${count} bytes that are counted`);

  it('hands a body over whole', async () => {
    expect(await (await post('/take', 'x'.repeat(700))).json()).toEqual({ bytes: 700 });
    expect(bytes.count).toBe(0);
  });

  it('counts what has come of one, and refuses it once it is too much beside others', async () => {
    const [first, second] = [open('POST /take', 800), open('POST /take', 800)];
    first.write('x'.repeat(600));
    await untilCounted(600);
    second.write('x'.repeat(100));
    await untilCounted(700);
    second.write('x'.repeat(400));
    expect(await firstLineFrom(second)).toContain(' 429 ');
    // Or it would have others refused with it until its connection is closed.
    expect(bytes.count).toBe(600);
    first.write('x'.repeat(200));
    expect(await firstLineFrom(first)).toContain(' 200 ');
  });

  it.each([
    [
      'of a type that nobody takes',
      `content-type: x\r\ncontent-length: 200000`,
      'x'.repeat(20_000),
      'x'.repeat(180_000),
    ],
    ['of a type that nobody takes, and comes late', `content-type: x\r\ncontent-length: 500`, '', 'x'.repeat(500)],
  ])('answers the next request of a connection after a body %s', async (_, head, first, rest) => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.write(`POST /take HTTP/1.1\r\nhost: a\r\n${head}\r\n\r\n${first}`);
    expect(await firstLineFrom(socket)).toMatch(/ [45]\d\d /);
    socket.write(rest);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write('GET /tell HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(await firstLineFrom(socket)).toContain(' 200 ');
    expect(bytes.count).toBe(0);
  });

  it('outlives a body that goes on coming after it was found too long', async () => {
    const socket = open('POST /take', 0, 'transfer-encoding: chunked');
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const answered = firstLineFrom(socket);
    for (let i = 0; i < 200; i++) socket.write(chunk);
    expect(await answered).toMatch(/ [45]\d\d /);
    for (let i = 0; i < 20; i++) socket.write(chunk);
    expect((await post('/take', 'x')).status).toBe(200);
  });

  it('answers before a body comes where no route takes one', async () => {
    expect(await firstLineFrom(open('POST /nowhere', 1_000_000))).toContain(' 404 ');
    expect(await firstLineFrom(open('DELETE /take', 1_000_000))).toContain(' 404 ');
    expect(await firstLineFrom(open('GET /tell', 1_000_000))).toContain(' 200 ');
  });
});
