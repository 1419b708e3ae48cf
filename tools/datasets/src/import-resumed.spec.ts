import { writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { EventBatch } from '@watchnext/contract';
import { temporaryDirectory } from '@watchnext/testing';
import { importDataset } from './index';

/** What an importer sends between two notes of how far it is. */
const FLUSH = 5_000;

describe('an import through a collector that is cut off', () => {
  let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
  let server: Server;
  let taken: string[];
  beforeEach(async () => {
    folder = await temporaryDirectory('import-resumed');
    taken = [];
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { events } = EventBatch.decode(Buffer.concat(chunks));
        taken.push(...events.map(({ eventId }) => eventId));
        const results = events.map(({ eventId }, index) => ({ index, eventId, status: 'accepted' }));
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ accepted: events.length, results }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await folder.remove();
  });

  it('goes on where the collector had taken it, without reading again', async () => {
    const log = join(folder.path, 'log.tsv');
    const items = Array.from({ length: 60 }, (_, i) => `v${i}`).join(' ');
    writeFileSync(log, Array.from({ length: 60 }, (_, user) => `u${user}\t${items}\n`).join(''));
    const workFolder = join(folder.path, 'work');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const stopping = new AbortController();
    const onSent = (done: number) => {
      if (done === FLUSH) stopping.abort();
    };
    await expect(
      importDataset('sequences', log, { url, workFolder, signal: stopping.signal, onSent }),
    ).rejects.toThrow();
    expect(taken.length).toBeGreaterThanOrEqual(FLUSH);
    const first = taken.splice(0);

    let reading = 0;
    const { summary } = await importDataset('sequences', log, { url, workFolder, onReading: () => reading++ });
    expect(reading).toBe(0);
    expect(taken).toHaveLength(summary.eventCount - FLUSH);
    expect(new Set([...first, ...taken]).size).toBe(summary.eventCount);
    // Nothing of it is left behind.
    expect(await readdir(folder.path)).toEqual(['log.tsv']);
  });
});
