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

  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  /** @returns the log, and the work folder of its import, which was cut off once the collector had taken `FLUSH` events */
  async function cutOff(): Promise<{ log: string; workFolder: string }> {
    const log = join(folder.path, 'log.tsv');
    const items = Array.from({ length: 60 }, (_, i) => `v${i}`).join(' ');
    writeFileSync(log, Array.from({ length: 60 }, (_, user) => `u${user}\t${items}\n`).join(''));
    const workFolder = join(folder.path, 'work');
    const stopping = new AbortController();
    const onSent = (done: number) => {
      if (done === FLUSH) stopping.abort();
    };
    await expect(
      importDataset('sequences', log, { url: url(), workFolder, signal: stopping.signal, onSent }),
    ).rejects.toThrow();
    expect(taken.length).toBeGreaterThanOrEqual(FLUSH);
    return { log, workFolder };
  }

  it('goes on where the collector had taken it, without reading again, and says so', async () => {
    const { log, workFolder } = await cutOff();
    const first = taken.splice(0);

    let reading = 0;
    const told: unknown[] = [];
    const { summary, sent } = await importDataset('sequences', log, {
      url: url(),
      workFolder,
      onReading: () => reading++,
      onResumed: (count) => told.push(['resumed', count]),
      onSent: (done, total) => told.push([done, total]),
    });
    expect(reading).toBe(0);
    expect(taken).toHaveLength(summary.eventCount - FLUSH);
    expect(new Set([...first, ...taken]).size).toBe(summary.eventCount);
    expect(sent).toBe(taken.length);
    expect(told).toEqual([
      ['resumed', FLUSH],
      [sent, sent],
    ]);
    // Nothing of it is left behind.
    expect(await readdir(folder.path)).toEqual(['log.tsv']);
  });

  it('sends all again when told to, as to a system that was emptied', async () => {
    const { log, workFolder } = await cutOff();
    taken = [];
    const onResumed = jest.fn();
    const { summary, sent } = await importDataset('sequences', log, { url: url(), workFolder, anew: true, onResumed });
    expect(onResumed).not.toHaveBeenCalled();
    expect(sent).toBe(summary.eventCount);
    expect(new Set(taken).size).toBe(summary.eventCount);
  });

  it('sends all again also after a run that was told to and was cut off before anything was taken', async () => {
    const { log, workFolder } = await cutOff();
    taken = [];
    const stopped = { url: url(), workFolder, anew: true, signal: AbortSignal.abort(new Error('stopped')) };
    await expect(importDataset('sequences', log, stopped)).rejects.toThrow('stopped');
    const { summary, sent } = await importDataset('sequences', log, { url: url(), workFolder });
    expect(sent).toBe(summary.eventCount);
  });

  it.each([
    ['empty', ''],
    ['another one', 'no database '.repeat(1_000)],
  ])('reads again where the file that it goes on from is %s, as after a full disk', async (_, contents) => {
    const { log, workFolder } = await cutOff();
    taken = [];
    writeFileSync(join(workFolder, 'staging', 'staging.duckdb'), contents);
    let reading = 0;
    const { summary } = await importDataset('sequences', log, { url: url(), workFolder, onReading: () => reading++ });
    expect(reading).toBeGreaterThan(0);
    expect(taken).toHaveLength(summary.eventCount - FLUSH);
  });
});
