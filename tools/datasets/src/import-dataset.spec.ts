import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBatch } from '@watchnext/contract';
import { DatasetError, importDataset } from './index';

const T = 1_650_812_000_000;

describe('importDataset', () => {
  let folder: string;
  let server: Server;
  let url: string;
  let taken: string[];
  let keys: unknown[];
  let refuse: (kind: string) => boolean;
  let tooMany: (request: number) => boolean;
  /** Passes where a test says so, and by each request that the collector gets. */
  let nowMs: number;
  let requestMs: number;
  const clock = () => nowMs;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'watchnext-import-'));
    writeFileSync(join(folder, 'user_features_pure.csv'), 'user_id\n7\n');
    writeFileSync(
      join(folder, 'video_features_basic_pure.csv'),
      'video_id,author_id,upload_dt,video_duration,tag\n0,1,2022-04-10,20000.0,39\n',
    );
    writeFileSync(
      join(folder, 'log_standard_4_22_to_5_08_pure.csv'),
      `user_id,video_id,date,time_ms,is_click,play_time_ms,tab\n7,0,20220425,${T},1,3000,1\n7,0,20220425,broken,1,3000,1\n`,
    );
    taken = [];
    keys = [];
    refuse = () => false;
    tooMany = () => false;
    nowMs = 0;
    requestMs = 0;
    // A collector as the agreement has it, in memory.
    server = createServer((request, response) => {
      keys.push(request.headers['x-api-key']);
      nowMs += requestMs;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (tooMany(keys.length)) return void response.writeHead(429).end();
        const { events } = EventBatch.decode(Buffer.concat(chunks));
        const results = events.map((event, index) => {
          const refused = refuse(event.body!.$case);
          if (!refused) taken.push(event.body!.$case);
          return {
            index,
            eventId: event.eventId,
            ...(refused
              ? { status: 'rejected', field: 'watch', code: 'invalid-field', reason: 'no watches today' }
              : { status: 'accepted' }),
          };
        });
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ accepted: taken.length, results }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  it('sends a data set to a collector, in order, and tells what was left out', async () => {
    const progress: number[][] = [];
    const rows: number[] = [];
    const result = await importDataset('kuairand', folder, {
      url,
      onSent: (done, total) => progress.push([done, total]),
      onReading: (_, count) => rows.push(count),
    });
    expect(taken).toEqual(['videoUpserted', 'userUpserted', 'impressionsServed', 'watch']);
    expect(result).toMatchObject({
      sent: 4,
      rejected: { count: 0 },
      summary: { counts: { impressions: 1, watches: 1 } },
    });
    expect(result.badRows.describe()).toContain('line 3: time_ms is no whole number: "broken"');
    expect(progress).toEqual([[4, 4]]);
    expect(rows).toEqual([1, 2, 4]);
  });

  it('shows the collector the key that it asks for', async () => {
    await importDataset('kuairand', folder, { url, apiKey: 'of-the-import' });
    expect(new Set(keys)).toEqual(new Set(['of-the-import']));
  });

  it('counts what the collector refuses, and says why', async () => {
    refuse = (kind) => kind === 'watch';
    const { rejected } = await importDataset('kuairand', folder, { url });
    expect(rejected.count).toBe(1);
    expect(rejected.first[0]).toMatch(/^[0-9a-f-]{36}: watch: no watches today$/);
  });

  it('gives up on a collector that does not answer, and says what it met', async () => {
    const tries: Error[] = [];
    await new Promise((resolve) => server.close(resolve));
    const onRetry = (error: Error) => {
      tries.push(error);
      nowMs += 700;
    };
    await expect(importDataset('kuairand', folder, { url, giveUpAfterMs: 2_000, clock, onRetry })).rejects.toThrow(
      /127\.0\.0\.1:\d+ has taken nothing for 2 s: connect ECONNREFUSED 127\.0\.0\.1:\d+/,
    );
    // The limit is over at the third; the end of the client may be one more.
    expect(tries.length).toBeGreaterThanOrEqual(3);
  });

  it('waits for the collector from the first event sent on, not from when all was read', async () => {
    // As where millions of events that were taken before are passed over.
    const giveUpAfterMs = 1_000;
    const onLoaded = () => void (nowMs += 1.2 * giveUpAfterMs);
    tooMany = (request) => request === 1;
    const { sent } = await importDataset('kuairand', folder, { url, giveUpAfterMs, clock, onLoaded });
    expect(keys).toHaveLength(2);
    expect(taken).toHaveLength(sent);
  });

  it('goes on through a key that may send only so much at a time', async () => {
    const rows = Array.from({ length: 4_000 }, (_, i) => `7,0,20220425,${T + i},1,3000,1`);
    writeFileSync(
      join(folder, 'log_standard_4_22_to_5_08_pure.csv'),
      ['user_id,video_id,date,time_ms,is_click,play_time_ms,tab', ...rows].join('\n'),
    );
    // After each one that is taken, one is not: from one that is taken to the next it is longer than the limit.
    requestMs = 150;
    tooMany = (request) => request % 2 === 0;
    const tries: Error[] = [];
    const { sent } = await importDataset('kuairand', folder, {
      url,
      giveUpAfterMs: 200,
      clock,
      onRetry: (error) => tries.push(error),
    });
    expect(taken).toHaveLength(sent);
    expect(taken.filter((kind) => kind === 'watch')).toHaveLength(4_000);
    expect(tries.length).toBeGreaterThanOrEqual(7);
  });

  it('does not know every data set', async () => {
    await expect(importDataset('movies', folder, { url })).rejects.toThrow(DatasetError);
    await expect(importDataset('movies', folder, { url })).rejects.toThrow(
      /movies, but for kuairand, movielens, movietweetings, sequences, table/,
    );
  });
});
