import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchiveTable, EventArchive } from '@watchnext/event-archive';
import { eventOf, impressionItemOf, impressionsServedOf, watchOf } from '@watchnext/testing';
import { archiveOf, START_MS } from '../test/archived-experiment';
import { chooseLists, readPlaybacks, readServedLists } from './served-lists';

const LISTS = 6_000;
const CHOSEN = 5_000;

describe('served lists', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-served-lists-'));
  let archive: EventArchive;

  beforeAll(async () => {
    const events = Array.from({ length: LISTS }, (_, n) => {
      const [userId, requestId, atMs] = [`u${n}`, `r${n}`, START_MS + n * 1_000];
      const item = impressionItemOf('v0', { impressionId: `${requestId}-0` });
      const session = { playbackId: `p${n}`, impressionId: `${requestId}-0` };
      const served = eventOf(impressionsServedOf(userId, [item], { requestId }), atMs);
      return [
        { key: userId, event: served },
        // Producers that retry deliver twice.
        ...(n % 10 === 0 ? [{ key: userId, event: served }] : []),
        { key: userId, event: eventOf(watchOf(userId, 'v1', { ...session, positionSeconds: 500 }), atMs + 1) },
        // The viewer's clock is ten minutes behind, also of the first lists of all.
        { key: userId, event: eventOf(watchOf(userId, 'v0', { ...session, positionSeconds: 50 }), atMs - 600_000) },
      ];
    });
    archive = await archiveOf(folder, events.flat());
  });

  afterAll(async () => {
    await archive.close();
    rmSync(folder, { recursive: true });
  });

  it('are decoded a part at a time, with the playbacks of no others', async () => {
    const sizes: number[] = [];
    let playbackRows = 0;
    await archive.analyse('watchnext.activity.v1', {}, async (table) => {
      const counted: ArchiveTable = {
        ...table,
        rows: () => Promise.reject(new Error('all rows at once')),
        batches: async function* (sql) {
          for await (const batch of table.batches(sql)) {
            if ('value' in batch[0]) sizes.push(batch.length);
            else playbackRows += batch.length;
            yield batch;
          }
        },
      };
      await chooseLists(counted, 'true', CHOSEN);
      const playbacks = await readPlaybacks(counted, START_MS, START_MS + LISTS * 1_000);
      // Either video that was watched under each of the chosen impressions.
      expect(playbackRows).toBe(2 * CHOSEN);
      const requests = new Set<string>();
      for await (const { served, atMs } of readServedLists(counted)) {
        requests.add(served.requestId);
        expect(playbacks.of(served.items[0], atMs)).toEqual({ watchSeconds: 50, startedAtMs: atMs - 600_000 });
      }
      expect(requests.size).toBe(CHOSEN);
    });
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(CHOSEN);
    expect(Math.max(...sizes)).toBeLessThan(CHOSEN / 2);
  });

  it('of which not all are wanted are the same each time, of all times', async () => {
    const read = () =>
      archive.analyse('watchnext.activity.v1', {}, async (table) => {
        await chooseLists(table, 'true', 200);
        const found: number[] = [];
        for await (const { atMs } of readServedLists(table)) found.push(atMs);
        return found;
      });
    const first = await read();
    expect(first).toEqual(await read());
    const mean = (times: number[]) => times.reduce((sum, atMs) => sum + (atMs - START_MS) / 1_000, 0) / times.length;
    // The earliest hundred in their order are spread over the whole time: standard error 0.29 · 6,000 / 10.
    expect(Math.abs(mean(first.slice(0, 100)) - LISTS / 2)).toBeLessThan(4 * 174);
  });
});
