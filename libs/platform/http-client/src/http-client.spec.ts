import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { HttpClient } from './http-client';

/** With certificates it is held to real servers by the producer client's and the gateway's specs. */
describe('an HTTP client', () => {
  let server: Server;
  let connections = 0;
  let client: HttpClient;

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      if (request.url === '/hang') return;
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.statusCode = 418;
      response.setHeader('x-length', String(request.headers['content-length']));
      response.end(Buffer.concat(chunks).toString().toUpperCase());
    });
    server.on('connection', () => (connections += 1));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  const make = (path: string) =>
    new HttpClient(new URL(path, `http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  afterEach(() => client.close());
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('gives the whole answer, whatever its status, and keeps the connection for the next call', async () => {
    client = make('/');
    const before = connections;
    for (const text of ['one', 'three']) {
      const answer = await client.post(Buffer.from(text), {}, new AbortController().signal);
      expect({ ...answer, body: answer.body.toString() }).toMatchObject({
        status: 418,
        headers: { 'x-length': String(text.length) },
        body: text.toUpperCase(),
      });
    }
    expect(connections).toBe(before + 1);
  });

  describe('whose kept connection the server ends', () => {
    /** Of each connection's requests, the first is answered, and what comes after it by `end`. */
    let requests: number;
    let end: (socket: Socket) => void;
    let ending: Server;
    beforeEach(async () => {
      requests = 0;
      end = (socket) => socket.resetAndDestroy();
      const known = new WeakSet<Socket>();
      ending = createServer((request, response) => {
        requests += 1;
        if (known.has(request.socket)) return end(request.socket);
        known.add(request.socket);
        request.resume().once('end', () => response.end('taken'));
      });
      ending.listen(0, '127.0.0.1');
      await once(ending, 'listening');
      client = new HttpClient(new URL(`http://127.0.0.1:${(ending.address() as AddressInfo).port}`));
    });
    afterEach(() => ending.close());
    const post = async () => {
      const { body } = await client.post(Buffer.from('x'), {}, AbortSignal.timeout(5_000));
      return body.toString();
    };

    it.each([
      ['by a reset', (socket: Socket) => socket.resetAndDestroy()],
      ['in order', (socket: Socket) => socket.end()],
    ])('%s sends once more, on a new one', async (_, how) => {
      end = how;
      expect(await post()).toBe('taken');
      expect(await post()).toBe('taken');
      expect(requests).toBe(3);
    });

    it('does not send again what was answered in part', async () => {
      end = (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nta', () => socket.destroy());
      await post();
      await expect(post()).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(requests).toBe(2);
    });

    it('fails where a new one is ended as well', async () => {
      await post();
      ending.prependListener('request', (request) => request.socket.resetAndDestroy());
      await expect(post()).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(requests).toBe(3);
    });
  });

  it('ends a call that is given up', async () => {
    client = make('/hang');
    await expect(client.post(Buffer.from('x'), {}, AbortSignal.timeout(20))).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('fails with the code of Node where nobody answers', async () => {
    client = new HttpClient(new URL('http://127.0.0.1:1'));
    const call = client.post(Buffer.from('x'), {}, new AbortController().signal);
    await expect(call).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
