import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { Event, TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { archiveRecords, describeEventArchive, eventOf, readAll, temporaryDirectory, watchOf } from '../src';
import { open } from './drivers/parquet-archive';

describeEventArchive('Parquet in a folder', async () => {
  const directory = await temporaryDirectory('event-archive');
  const handles: EventArchive[] = [];
  return {
    async open() {
      const handle = await open(directory.path);
      handles.push(handle);
      return handle;
    },
    module: require.resolve('./drivers/parquet-archive'),
    location: directory.path,
    async files() {
      const names = await readdir(directory.path, { recursive: true });
      return names.filter((name) => name.endsWith('.parquet')).sort();
    },
    async damage(file, change) {
      const path = join(directory.path, file);
      const changed = change(await readFile(path));
      await rm(path);
      if (changed) await writeFile(path, changed);
    },
    async dispose() {
      await Promise.all(handles.map((handle) => handle.close()));
      await directory.remove();
    },
  };
});

describe('Parquet archive on a disk that gives trouble', () => {
  let directory: { path: string; remove(): Promise<void> };
  let archive: EventArchive;
  beforeEach(async () => {
    directory = await temporaryDirectory('event-archive');
    archive = await open(directory.path);
  });
  afterEach(async () => {
    await archive.close();
    await directory.remove();
  });

  it('fails a write for which there is no room, and leaves nothing of it', async () => {
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      'ulimit -f 16 && exec "$0" --conditions=@watchnext/source --require "$1" "$2" "$3" 20000',
      process.execPath,
      require.resolve('../register-typescript.js'),
      require.resolve('./processes/full-disk-archiver'),
      directory.path,
    ]);
    const outcome = JSON.parse(stdout) as { code: string; path: string; names: string[] };
    expect(outcome).toMatchObject({ code: 'archive-write', names: [] });
    expect(outcome.path).toMatch(/dt=2026-11-23\/p00000-0000000000000000-0000000000019999\.parquet$/);
    await archive.write(TOPICS.activity, 0, archiveRecords(0, 10));
    expect(await archive.nextOffset(TOPICS.activity, 0)).toBe(10);
  }, 30_000);

  it('fails a write where its folder cannot be made, and goes on once it can', async () => {
    await writeFile(join(directory.path, TOPICS.activity), 'a file in the way');
    const write = archive.write(TOPICS.activity, 0, archiveRecords(0, 10));
    await expect(write).rejects.toMatchObject({ code: 'archive-write', retriable: true, path: expect.stringContaining(directory.path) });
    await rm(join(directory.path, TOPICS.activity));
    await archive.write(TOPICS.activity, 0, archiveRecords(0, 10));
    expect(await archive.nextOffset(TOPICS.activity, 0)).toBe(10);
  });

  it('ignores what a crash left, and removes it once nobody can be writing it', async () => {
    const incoming = join(directory.path, TOPICS.activity, '.incoming');
    await mkdir(incoming, { recursive: true });
    await writeFile(join(incoming, 'p0-old'), 'half a file');
    await writeFile(join(incoming, 'p0-new'), 'half a file');
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(join(incoming, 'p0-old'), longAgo, longAgo);
    expect(await archive.extent(TOPICS.activity)).toMatchObject({ recordCount: 0 });
    await archive.write(TOPICS.activity, 0, archiveRecords(0, 10));
    expect(await readdir(incoming)).toEqual(['p0-new']);
    expect(await readAll(archive, TOPICS.activity, { order: 'key' })).toHaveLength(10);
  });

  it('lies in folders whose names are patterns to DuckDB', async () => {
    const odd = await open(join(directory.path, "it's [1] * {a,b}?"));
    await odd.write(TOPICS.activity, 0, archiveRecords(0, 10));
    expect(await readAll(odd, TOPICS.activity, { order: 'offset' })).toHaveLength(10);
    await odd.close();
  });

  it('has the columns that other engines need', async () => {
    const watch = watchOf('anna', 'video-1', { impressionId: 'impression-1', playbackId: 'playback-1', positionSeconds: 12.5 });
    const event = eventOf(watch, Date.UTC(2026, 10, 23, 12), { receivedAtMs: Date.UTC(2026, 10, 23, 13) });
    const shared = { topic: TOPICS.activity, partition: 3, timestampMs: event.receivedAtMs + 5 };
    const value = Event.encode(event).finish();
    await archive.write(TOPICS.activity, 3, [
      { ...shared, offset: 7, key: 'anna', value },
      { ...shared, offset: 8, key: 'ben', value: Buffer.from('no event') },
    ]);
    const rows = await readParquet(join(directory.path, TOPICS.activity, 'dt=2026-11-23', '*.parquet'));
    expect(rows[0]).toEqual({
      topic: TOPICS.activity,
      partition: 3,
      offset: '7',
      timestamp_ms: String(shared.timestampMs),
      key: 'anna',
      kind: 'watch',
      event_id: event.eventId,
      user_id: 'anna',
      occurred_at_ms: String(event.occurredAtMs),
      received_at_ms: String(event.receivedAtMs),
      video_id: 'video-1',
      request_id: null,
      impression_id: 'impression-1',
      playback_id: 'playback-1',
      position_seconds: 12.5,
      value: expect.anything(),
    });
    expect(rows[1]).toMatchObject({ offset: '8', key: 'ben', kind: null, event_id: null, occurred_at_ms: null });
  });
});

async function readParquet(pattern: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  const reader = await connection.runAndReadAll(`FROM read_parquet('${pattern}', hive_partitioning = false) ORDER BY "offset"`);
  return reader.getRowObjectsJson() as Record<string, unknown>[];
}
