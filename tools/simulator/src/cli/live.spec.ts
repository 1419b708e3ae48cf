import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { EventBatch } from '@watchnext/contract';
import { makeAuthority, makeCertificate, temporaryDirectory } from '@watchnext/testing';
import { LiveError, runLive, worldOf } from './live';

const UPLOAD_EVERY_MINUTES = 10;

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

it('names the file of a world that cannot be read, and what to do', async () => {
  const { path, remove } = await temporaryDirectory('simulator-live');
  try {
    expect(() => worldOf(path)).toThrow("world.json is not there: write a world's archive first");
    for (const damaged of ['', 'null', '{"eventCount": 7}', '{"world": null}', '{"world": {"seed": 1']) {
      writeFileSync(join(path, 'world.json'), damaged);
      expect(() => worldOf(path)).toThrow(`${join(path, 'world.json')} is damaged: write the world's archive anew`);
    }
    writeFileSync(join(path, 'world.json'), '{"world": {"seed": 1}}');
    expect(worldOf(path)).toEqual({ seed: 1 });
  } finally {
    await remove();
  }
});

it('shows key and certificate to a collector that asks for them', async () => {
  const directory = await temporaryDirectory('simulator-live');
  makeAuthority(directory.path, 'ours', 'collector');
  makeCertificate(directory.path, 'ours', 'viewers');
  const pem = (name: string) => readFileSync(join(directory.path, name));
  const callers = new Set<string>();
  let eventCount = 0;
  const files = { ca: pem('ours.pem'), cert: pem('collector.pem'), key: pem('collector.key') };
  const collector = createHttpsServer(
    { ...files, requestCert: true, rejectUnauthorized: true },
    async (call, answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of call) chunks.push(chunk as Buffer);
      const { events } = EventBatch.decode(Buffer.concat(chunks));
      eventCount += events.length;
      const { CN: name } = (call.socket as TLSSocket).getPeerCertificate().subject;
      callers.add(`${String(name)} with ${String(call.headers['x-api-key'])}`);
      answer.end(JSON.stringify({ results: events.map((_, index) => ({ index, status: 'accepted' })) }));
    },
  );
  const gateway = createHttpServer((_, answer) => void answer.end(JSON.stringify({ items: [] })));
  const said = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await runLive(
      {
        // Three uploads are due at once.
        world: {
          seed: 3,
          viewerCount: 5,
          videoCount: 60,
          dayCount: 2,
          endMs: Date.now() - 3.5 * UPLOAD_EVERY_MINUTES * 60_000,
        },
        gateway: `http://127.0.0.1:${await portOf(gateway)}`,
        ingestion: `https://127.0.0.1:${await portOf(collector)}`,
        access: {
          apiKey: 'of-the-viewers',
          tls: { ca: pem('ours.pem'), cert: pem('viewers.pem'), key: pem('viewers.key') },
        },
        sessionsPerMinute: 1,
        speed: 1,
        uploadEveryMinutes: UPLOAD_EVERY_MINUTES,
        minutes: 0.01,
      },
      new AbortController().signal,
    );
  } finally {
    said.mockRestore();
    for (const server of [gateway, collector]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await directory.remove();
  }
  expect(callers).toEqual(new Set(['viewers with of-the-viewers']));
  expect(eventCount).toBeGreaterThanOrEqual(3);
});

describe('a collector that takes nothing', () => {
  let servers: Server[];
  let said: jest.SpyInstance[];
  beforeEach(() => {
    servers = [];
    said = [process.stderr, process.stdout].map((stream) => jest.spyOn(stream, 'write').mockReturnValue(true));
  });
  afterEach(async () => {
    for (const spy of said) spy.mockRestore();
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** Of a world in which three uploads are due at once. @returns why it failed, and the lines about the collector */
  async function live(collector: Server, minutes: number | undefined, signal = new AbortController().signal) {
    const gateway = createHttpServer((_, answer) => void answer.end(JSON.stringify({ items: [] })));
    servers.push(gateway, collector);
    const endMs = Date.now() - 3.5 * UPLOAD_EVERY_MINUTES * 60_000;
    const command = {
      world: { seed: 3, viewerCount: 5, videoCount: 60, dayCount: 2, endMs },
      gateway: `http://127.0.0.1:${await portOf(gateway)}`,
      ingestion: `http://127.0.0.1:${await portOf(collector)}`,
      access: { apiKey: 'wrong', tls: undefined },
      sessionsPerMinute: 1,
      speed: 1,
      uploadEveryMinutes: UPLOAD_EVERY_MINUTES,
      minutes,
    };
    const error = await runLive(command, signal).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const lines = (said[0].mock.calls as string[][])
      .map(([text]) => text)
      .filter((line) => /^the collector/.test(line));
    return { error, lines };
  }

  it.each([
    ['the time is up', 0.01],
    ['a signal comes', undefined],
  ])('for want of the right key is told of, and the world ends when %s', async (_, minutes) => {
    const stop = new AbortController();
    let tries = 0;
    const collector = createHttpServer((call, answer) => {
      if (++tries === 3 && minutes === undefined) stop.abort();
      call.resume().on('end', () => answer.writeHead(401).end());
    });
    const { error, lines } = await live(collector, minutes, stop.signal);
    expect(tries).toBeGreaterThanOrEqual(3);
    expect(error).toBeInstanceOf(LiveError);
    expect((error as Error).message).toMatch(/^[1-9]\d* events could not be delivered$/);
    expect(lines[0]).toMatch(/^the collector at http:.*: events could not be delivered: .*401.*\n$/);
    expect(lines.length).toBeLessThan(tries);
  });

  it('but refuses it is told of, and counted', async () => {
    const collector = createHttpServer(async (call, answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of call) chunks.push(chunk as Buffer);
      const { events } = EventBatch.decode(Buffer.concat(chunks));
      const results = events.map((_, index) => ({
        index,
        status: 'rejected',
        code: 'invalid-field',
        reason: 'no more',
      }));
      answer.end(JSON.stringify({ results }));
    });
    const { error, lines } = await live(collector, 0.01);
    expect(error).toBeInstanceOf(LiveError);
    expect((error as Error).message).toMatch(/^the collector refused [1-9]\d* events$/);
    expect(lines).toEqual([expect.stringMatching(/^the collector refused event [0-9a-f-]{36}: no more\n$/)]);
  });
});
