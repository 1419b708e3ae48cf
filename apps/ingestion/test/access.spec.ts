import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { loadConfig } from '@watchnext/config';
import {
  eventOf,
  eventually,
  impressionsServedOf,
  searchOf,
  temporaryDirectory,
  userDeletedOf,
  videoUpsertedOf,
} from '@watchnext/testing';
import { Event, EventBatch } from '@watchnext/contract';
import { ApiError, type RunningHttpService } from '@watchnext/service';
import fastify, { type FastifyInstance } from 'fastify';
import { Admission } from '../src/access/admission';
import { KeyRing } from '../src/access/key-ring';
import { ingestionSettings } from '../src/config';
import { startIngestion } from '../src/start';
import { quiet } from './harness';

const hash = (key: string) => createHash('sha256').update(key).digest('hex');
const KEY = 'a-key-of-a-spec';

describe('a collector with API keys', () => {
  let directory: { path: string; remove(): Promise<void> };
  let running: RunningHttpService;
  let keyFile: string;
  let sent = 0;

  const settings = (environment: Record<string, string>) =>
    loadConfig(ingestionSettings, {
      WATCHNEXT_DATA_DIR: directory.path,
      WATCHNEXT_HTTP_PORT: '0',
      WATCHNEXT_INGESTION_ROLES: 'collect',
      ...environment,
    });
  const send = async (key: string | undefined, count = 1) => {
    const events = Array.from({ length: count }, () =>
      Event.toJSON(eventOf(searchOf(`user-${sent++}`, 'words'), Date.now())),
    );
    return fetch(`http://127.0.0.1:${running.port}/v1/events`, {
      method: 'POST',
      body: JSON.stringify({ events }),
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'x-api-key': key }) },
    });
  };

  beforeAll(async () => {
    directory = await temporaryDirectory('access');
    keyFile = join(directory.path, 'keys');
    await writeFile(
      keyFile,
      `web ${hash(KEY)}\nslow ${hash('slow-key')} 1\nsmall ${hash('small-key')} - 10\nviewers ${hash('viewer-key')} - - search,watch\n`,
    );
    running = await startIngestion(settings({ WATCHNEXT_API_KEYS_FILE: keyFile }), quiet);
  });
  afterAll(async () => {
    await running?.app.close();
    await directory.remove();
  });

  it('takes events under a known key', async () => {
    expect((await send(KEY)).status).toBe(200);
  });

  it.each([undefined, '', 'wrong', hash(KEY)])('refuses the key %p without telling it', async (key) => {
    const response = await send(key);
    const text = await response.text();
    expect([response.status, JSON.parse(text).error.code]).toEqual([401, 'unauthenticated']);
    if (key) expect(text).not.toContain(key);
  });

  it.each(['/v1/%65vents', '/v1/events?', '/v1/events?key=web'])(
    'asks for a key however the path is written: %s',
    async (path) => {
      const body = JSON.stringify({ events: [] });
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`http://127.0.0.1:${running.port}${path}`, { method: 'POST', body, headers });
      expect(response.status).toBe(401);
    },
  );

  it.each(['slow-key', 'small-key'])('answers 429 with the time to wait beyond the limits of %s', async (key) => {
    expect((await send(key, 5)).status).toBe(200);
    const response = await send(key);
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      429,
      'rate-limited',
    ]);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await send(KEY)).status).toBe(200);
  });

  it('takes under a key with kinds no other, in JSON and in protobuf, and stores none of them', async () => {
    const atMs = Date.now();
    const events = [
      eventOf(searchOf('viewer', 'words'), atMs),
      eventOf({ $case: 'videoWithdrawn', value: { videoId: 'theirs', reason: '' } }, atMs),
      eventOf(userDeletedOf('somebody'), atMs),
      eventOf(videoUpsertedOf('theirs'), atMs),
      eventOf(impressionsServedOf('viewer', []), atMs),
    ];
    const refused = (field: string) => ({
      status: 'rejected',
      field,
      code: 'kind-not-allowed',
      reason: `this API key may send search, watch, and not ${field}: send it under a key that may`,
    });
    const post = async (key: string, type: string, body: string | Uint8Array<ArrayBuffer>) => {
      const headers = { 'content-type': type, 'x-api-key': key };
      const response = await fetch(`http://127.0.0.1:${running.port}/v1/events`, { method: 'POST', body, headers });
      return ((await response.json()) as { results: unknown[] }).results;
    };
    const json = JSON.stringify({ events: events.map((event) => Event.toJSON(event)) });
    const protobuf = EventBatch.encode({ events }).finish() as Uint8Array<ArrayBuffer>;
    for (const results of [
      await post('viewer-key', 'application/json', json),
      await post('viewer-key', 'application/x-protobuf', protobuf),
    ])
      expect(results).toMatchObject([
        { status: 'accepted' },
        ...['videoWithdrawn', 'userDeleted', 'videoUpserted', 'impressionsServed'].map(refused),
      ]);
    expect(await post(KEY, 'application/json', json)).toMatchObject([
      { status: 'accepted' },
      { status: 'accepted' },
      { status: 'accepted' },
      { status: 'accepted' },
      {},
    ]);
  });

  it('reads no body that no route takes, with a key or without', async () => {
    for (const line of ['POST /v1/nothing', 'PUT /v1/events']) {
      const socket = connect(running.port, '127.0.0.1');
      socket.write(`${line} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(String(answer)).toMatch(/^HTTP\/1\.1 404/);
      socket.destroy();
    }
  });

  it('leaves the probes open', async () => {
    for (const path of ['/livez', '/readyz', '/metrics'])
      expect([path, (await fetch(`http://127.0.0.1:${running.port}${path}`)).status]).toEqual([path, 200]);
  });

  it('tells who has a key, and nobody else, how far it is behind the log', async () => {
    // However the path is written.
    for (const path of ['/v1/lag', '/v1/lag?all', '/v1/%6cag']) {
      const read = (headers: Record<string, string>) => fetch(`http://127.0.0.1:${running.port}${path}`, { headers });
      expect([path, (await read({})).status]).toEqual([path, 401]);
      expect((await read({ 'x-api-key': 'wrong' })).status).toBe(401);
      const known = await read({ 'x-api-key': KEY });
      expect([known.status, await known.json()]).toMatchObject([200, { materialised: expect.any(Number) }]);
    }
  });

  it('reads the file again when it changes, and keeps the known keys when it breaks', async () => {
    await writeFile(keyFile, `web ${hash('another-key')}\n`);
    await eventually(async () => expect((await send('another-key')).status).toBe(200));
    expect((await send(KEY)).status).toBe(401);
    await writeFile(keyFile, 'nonsense');
    process.emit('SIGHUP');
    expect((await send('another-key')).status).toBe(200);
  });

  it('does not start with a key file that it cannot use', async () => {
    const missing = settings({ WATCHNEXT_API_KEYS_FILE: join(directory.path, 'missing') });
    await expect(startIngestion(missing, quiet)).rejects.toThrow(/WATCHNEXT_API_KEYS_FILE: cannot be read \(ENOENT\)/);
  });
});

describe('a collector without keys', () => {
  let directory: { path: string; remove(): Promise<void> };
  const running: RunningHttpService[] = [];
  const start = async (environment: Record<string, string>) => {
    const settings = loadConfig(ingestionSettings, {
      WATCHNEXT_DATA_DIR: join(directory.path, String(running.length)),
      WATCHNEXT_HTTP_PORT: '0',
      WATCHNEXT_INGESTION_ROLES: 'collect',
      ...environment,
    });
    running.push(await startIngestion(settings, quiet));
    return running.at(-1)!.port;
  };
  /** As a browser asks whose name was led to this machine: `fetch` names the host itself. */
  const statusAs = (port: number, host: string, path: string, headers?: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const method = headers === undefined ? 'GET' : 'POST';
      request({ host: '127.0.0.1', port, path, method, headers: { ...headers, host } }, (answer) =>
        answer.resume().on('end', () => resolve(answer.statusCode!)),
      )
        .on('error', reject)
        .end(headers && '{"events":[]}');
    });
  const json = { 'content-type': 'application/json' };

  beforeAll(async () => void (directory = await temporaryDirectory('access')));
  afterAll(async () => {
    for (const { app } of running) await app.close();
    await directory.remove();
  });

  it('is read and written by no page of elsewhere whose name was led to its machine', async () => {
    const port = await start({});
    for (const path of ['/v1/lag', '/metrics', '/openapi.json']) {
      expect([path, await statusAs(port, `localhost:${port}`, path)]).toEqual([path, 200]);
      expect([path, await statusAs(port, `evil.example:${port}`, path)]).toEqual([path, 421]);
    }
    const of = (host: string) => ({ ...json, origin: `http://${host}` });
    expect(await statusAs(port, `evil.example:${port}`, '/v1/events', of(`evil.example:${port}`))).toBe(421);
    expect(await statusAs(port, `localhost:${port}`, '/v1/events', of(`localhost:${port}`))).not.toBe(421);
    expect(await statusAs(port, 'collector.example', '/v1/events', json)).not.toBe(421);
  });

  it('answers to its name where other machines ask it', async () => {
    const port = await start({ WATCHNEXT_HOST: '0.0.0.0' });
    expect(await statusAs(port, 'collector.example', '/v1/lag')).toBe(200);
  });
});

describe('a collector whose event log is slow', () => {
  let server: FastifyInstance;
  let admission: Admission;
  const waiting: (() => void)[] = [];
  const body = JSON.stringify({ topic: TOPICS.activity, text: 'x'.repeat(1_000) });
  const post = () =>
    fetch(`http://127.0.0.1:${(server.server.address() as AddressInfo).port}/v1/events`, { method: 'POST', body });
  const bytes = Buffer.byteLength(body);

  beforeAll(async () => {
    server = fastify({ forceCloseConnections: true });
    server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, read, done) => done(null, read));
    server.setErrorHandler((error, _request, reply) => {
      const { status, retryAfterSeconds } = error as unknown as ApiError;
      return reply.status(status).header('retry-after', retryAfterSeconds).send({});
    });
    admission = new Admission(undefined, { maxInFlightBytes: 3 * bytes, maxBodyBytes: 10_000 }, quiet);
    admission.guard(server, '/v1/events');
    server.post('/v1/events', (request) =>
      admission.holding(request, () => new Promise((resolve) => waiting.push(() => resolve({})))),
    );
    await server.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => server.close());

  it('holds no more bytes than it may, says when to come again, and takes all once the log is back', async () => {
    const held = [post(), post(), post()];
    await eventually(async () => expect(waiting).toHaveLength(3));
    for (let attempt = 0; attempt < 20; attempt++) {
      const response = await post();
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
    }
    expect(waiting).toHaveLength(3);
    for (const answer of waiting.splice(0)) answer();
    for (const response of await Promise.all(held)) expect(response.status).toBe(200);
    await eventually(async () => {
      const next = post();
      await eventually(async () => expect(waiting).toHaveLength(1));
      waiting.splice(0).forEach((answer) => answer());
      expect((await next).status).toBe(200);
    });
  });

  it('takes no account of what producers only say they will send', async () => {
    const { port } = server.server.address() as AddressInfo;
    const idle = Array.from({ length: 20 }, () => {
      const socket = connect(port, '127.0.0.1');
      socket.write(`POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: ${bytes}\r\n\r\n`);
      return socket;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const next = [post(), post(), post()];
    await eventually(async () => expect(waiting).toHaveLength(3));
    waiting.splice(0).forEach((answer) => answer());
    for (const response of await Promise.all(next)) expect(response.status).toBe(200);
    for (const socket of idle) socket.destroy();
  });

  it('frees the bytes of a producer that went away once its batch is worked off, and not before', async () => {
    const gone = new AbortController();
    const address = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}/v1/events`;
    const calls = [1, 2, 3].map(() =>
      fetch(address, { method: 'POST', body, signal: gone.signal }).catch(() => undefined),
    );
    await eventually(async () => expect(waiting).toHaveLength(3));
    gone.abort();
    await Promise.all(calls);
    // The log still has the batches in hand.
    for (let attempt = 0; attempt < 5; attempt++) {
      expect((await post()).status).toBe(429);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    waiting.splice(0).forEach((answer) => answer());
    const next = [post(), post(), post()];
    await eventually(async () => expect(waiting.length).toBe(3));
    waiting.splice(0).forEach((answer) => answer());
    for (const response of await Promise.all(next)) expect(response.status).toBe(200);
  });
});

it('a key ring repeats no key in a log', async () => {
  const { path, remove } = await temporaryDirectory('keys');
  const lines: string[] = [];
  const logger = {
    info: (...line: unknown[]) => lines.push(JSON.stringify(line)),
    error: (...line: unknown[]) => lines.push(String(line[1]) + String((line[0] as { err: Error }).err.message)),
  };
  await writeFile(join(path, 'keys'), `web ${hash(KEY)}\n`);
  const ring = new KeyRing(join(path, 'keys'), logger as never);
  // At once: the ring's own look at the file, each second, would find the change as well.
  writeFileSync(join(path, 'keys'), `web ${KEY}\n`);
  process.emit('SIGHUP');
  ring.close();
  expect(lines).toHaveLength(1);
  expect(lines.join()).not.toContain(KEY);
  expect(ring.find(KEY)?.caller.name).toBe('web');
  await remove();
});
