import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
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
