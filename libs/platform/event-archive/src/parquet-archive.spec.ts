import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Event, TOPICS } from '@watchnext/contract';
import { DAY_MS } from '@watchnext/features';
import { openParquetArchive } from './parquet-archive';
import { EventArchiveError } from './port';

/** What every driver must do is in the conformance suite (libs/testing); here is what other engines see. */
describe('an archive file', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'watchnext-event-archive-'))));
  afterEach(() => rm(directory, { recursive: true }));

  it('has the columns that need no protobuf, and none of them for a value that is no event', async () => {
    const receivedAtMs = Date.UTC(2026, 10, 23, 13);
    const event = Event.fromPartial({
      eventId: 'event-1',
      occurredAtMs: receivedAtMs - 1_000,
      receivedAtMs,
      body: {
        $case: 'watch',
        value: {
          userId: 'anna',
          videoId: 'video-1',
          impressionId: 'impression-1',
          playbackId: '',
          positionSeconds: 12.5,
        },
      },
    });
    const shared = { topic: TOPICS.activity, partition: 3, timestampMs: receivedAtMs + 5 };
    const archive = openParquetArchive(directory);
    await archive.write(TOPICS.activity, 3, [
      { ...shared, offset: 7, key: 'anna', value: Event.encode(event).finish() },
      { ...shared, offset: 8, key: 'ben', value: Buffer.from('no event') },
    ]);
    await archive.close();

    const day = join(directory, TOPICS.activity, 'dt=2026-11-23');
    const [file] = (await readdir(day)) as [string];
    expect(file).toMatch(/^p00003-0000000000000007-0000000000000008-[0-9a-f]{8}\.parquet$/);
    const [watch, noEvent] = await readParquet(join(day, file));
    const place = {
      topic: TOPICS.activity,
      partition: 3,
      timestamp_ms: String(shared.timestampMs),
      value: expect.anything(),
    };
    expect(watch).toEqual({
      ...place,
      offset: '7',
      key: 'anna',
      kind: 'watch',
      event_id: 'event-1',
      user_id: 'anna',
      occurred_at_ms: String(event.occurredAtMs),
      received_at_ms: String(receivedAtMs),
      video_id: 'video-1',
      request_id: null,
      impression_id: 'impression-1',
      playback_id: null,
      position_seconds: 12.5,
      country: null,
      device: null,
      assignments: null,
      explored: null,
      item_count: null,
      rung: null,
      latency_ms: null,
    });
    const nothing = Object.keys(watch ?? {}).filter(
      (column) => !(column in place) && column !== 'offset' && column !== 'key',
    );
    expect(noEvent).toEqual({
      ...place,
      offset: '8',
      key: 'ben',
      ...Object.fromEntries(nothing.map((column) => [column, null])),
    });
  });
});

describe('an archive whose first files are of an older version', () => {
  it('answers questions over all of them; columns that they lack are null', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'watchnext-event-archive-'));
    const archive = openParquetArchive(directory);
    const record = (offset: number) => ({
      topic: TOPICS.activity,
      partition: 0,
      offset,
      timestampMs: Date.UTC(2026, 10, 1),
      key: 'anna',
      value: Buffer.from(''),
    });
    await archive.write(TOPICS.activity, 0, [record(0)]);
    const day = join(directory, TOPICS.activity, 'dt=2026-11-01');
    const [name] = (await readdir(day)) as [string];
    const connection = await (await DuckDBInstance.create()).connect();
    await connection.run(`COPY (SELECT * EXCLUDE (assignments, rung, item_count) FROM read_parquet('${join(day, name)}'))
      TO '${join(day, 'older')}' (FORMAT parquet)`);
    connection.closeSync();
    await rename(join(day, 'older'), join(day, name));
    const asked = () =>
      archive.analyse(TOPICS.activity, {}, (table) =>
        table.rows('SELECT count(*)::DOUBLE AS "count", count(rung)::DOUBLE AS rungs FROM events'),
      );
    expect(await asked()).toEqual([{ count: 1, rungs: 0 }]);
    await archive.write(TOPICS.activity, 0, [record(1)]);
    expect(await asked()).toEqual([{ count: 2, rungs: 0 }]);
    await archive.close();
    await rm(directory, { recursive: true });
  });
});

describe('a question with many rows', () => {
  it('is answered a part at a time, in order, and may be left', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'watchnext-event-archive-'));
    const archive = openParquetArchive(directory);
    const many = 'SELECT range::DOUBLE AS n FROM range(10000) ORDER BY n';
    await archive.analyse(TOPICS.activity, {}, async (table) => {
      const sizes: number[] = [];
      const found: unknown[] = [];
      for await (const batch of table.batches(many)) {
        sizes.push(batch.length);
        found.push(...batch.map(({ n }) => n));
      }
      expect(found).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
      expect(Math.max(...sizes)).toBeLessThan(5_000);
      for await (const batch of table.batches(many)) if (batch.length > 0) break;
      expect(await table.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await expect(table.batches('SELECT no_such FROM events')[Symbol.asyncIterator]().next()).rejects.toThrow(
        EventArchiveError,
      );
    });
    await archive.close();
    await rm(directory, { recursive: true });
  });
});

describe('an archive for history in bulk', () => {
  it('lets days with few records share the folder of the last of them', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'watchnext-event-archive-'));
    const archive = openParquetArchive(directory, { leastRecordsPerFile: 3 });
    const days = [0, 0, 1, 2, 2, 2, 2, 3, 4];
    const records = days.map((day, offset) => ({
      topic: TOPICS.activity,
      partition: 0,
      offset,
      timestampMs: Date.UTC(2026, 10, 1) + day * DAY_MS,
      key: 'anna',
      value: Buffer.from(String(offset)),
    }));
    await archive.write(TOPICS.activity, 0, records);
    expect((await readdir(join(directory, TOPICS.activity))).sort()).toEqual([
      '.incoming',
      'dt=2026-11-02',
      'dt=2026-11-03',
      'dt=2026-11-05',
    ]);
    const found: number[] = [];
    for await (const batch of archive.read(TOPICS.activity, { order: 'offset', fromDay: '2026-11-03' }))
      found.push(...batch.map(({ offset }) => offset));
    expect(found).toEqual([3, 4, 5, 6, 7, 8]);
    expect(await archive.nextOffset(TOPICS.activity, 0)).toBe(9);
    await archive.close();
    await rm(directory, { recursive: true });
  });
});

describe('an archive that is closed', () => {
  let spillParent: string;
  beforeEach(async () => (spillParent = await mkdtemp(join(tmpdir(), 'watchnext-event-archive-'))));
  afterEach(() => rm(spillParent, { recursive: true }));
  const record = { topic: TOPICS.activity, partition: 0, timestampMs: 1, key: 'anna', value: Buffer.from('no event') };

  it('is closed for each of several who close it only once all is done', async () => {
    const archive = openParquetArchive(join(spillParent, 'archive'), { spillParent });
    const written = archive.write(TOPICS.activity, 0, [{ ...record, offset: 0 }]);
    void archive.close();
    await archive.close();
    expect(await readdir(spillParent)).toEqual(['archive']);
    await written;
    await expect(archive.write(TOPICS.activity, 0, [{ ...record, offset: 1 }])).rejects.toMatchObject({
      code: 'archive-closed',
    });
  });

  it('leaves nothing on the disk where its database could not be opened', async () => {
    const archive = openParquetArchive(join(spillParent, 'archive'), { spillParent, memoryLimitMiB: NaN });
    await expect(archive.write(TOPICS.activity, 0, [{ ...record, offset: 0 }])).rejects.toMatchObject({
      code: 'archive-write',
    });
    await archive.close();
    expect(await readdir(spillParent)).toEqual([]);
  });
});

async function readParquet(path: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  const reader = await connection.runAndReadAll(
    `FROM read_parquet('${path}', hive_partitioning = false) ORDER BY "offset"`,
  );
  return reader.getRowObjectsJson() as Record<string, unknown>[];
}
