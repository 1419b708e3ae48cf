import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { EventBatch } from '@watchnext/contract';
import { makeAuthority, makeCertificate, temporaryDirectory } from '@watchnext/testing';
import { runLive } from './live';

const UPLOAD_EVERY_MINUTES = 10;

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

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
