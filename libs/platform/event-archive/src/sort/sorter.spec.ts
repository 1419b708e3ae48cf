import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import type { LogRecord } from '@watchnext/event-log';
import { FolderStorage } from '../folder-storage';
import { openParquetArchive, ParquetArchive } from '../parquet-archive';
import type { EventArchive } from '../port';
import type { FilePart } from '../read-plan';

/** So little that a partition's records make some tens of runs. */
const FEW_RECORDS_MIB = 0.05;

const bytesOf = (length: number, seed: number) =>
  createHash('shake256', { outputLength: length }).update(String(seed)).digest();

/** Long ones that begin alike, one that begins another, and some that UTF-16 would put in another order than their bytes. */
const KEYS = [
  '',
  'a',
  'aa',
  'b',
  'nul \0 within',
  'zoë',
  '\uffff',
  '😀',
  'x'.repeat(5_000),
  'a viewer with a long name, 1',
  'a viewer with a long name, 2',
];
/** Some larger than what is read of a run at once, and one that is nothing. */
const LENGTHS = [0, 1, 13, 200, 65_535, 65_536, 70_000, 200_000];

const RECORDS = Array.from({ length: 700 }, (_, i): LogRecord => {
  const length = i % 20 === 0 ? LENGTHS[(i / 20) % LENGTHS.length] : i % 90;
  const key = KEYS[(i * 7) % KEYS.length];
  // With gaps, as transactions leave them.
  return {
    topic: TOPICS.activity,
    partition: i % 2,
    offset: 3 * i,
    timestampMs: 1_000 + i,
    key,
    value: bytesOf(length, i),
  };
});

const inOrderOfKeys = [...RECORDS].sort(
  (one, other) =>
    one.partition - other.partition ||
    Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)) ||
    one.offset - other.offset,
);

const digestOf = ({ value, ...record }: LogRecord) => [record, createHash('sha256').update(value).digest('hex')];

describe('records by key, of partitions that are sorted in parts', () => {
  let folder: string;
  let spillParent: string;
  let archive: EventArchive;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sorter-'));
    spillParent = join(folder, 'spill');
    archive = openParquetArchive(join(folder, 'archive'), { spillParent, sortedAtOnceMiB: FEW_RECORDS_MIB });
    for (const partition of [0, 1]) {
      const own = RECORDS.filter((record) => record.partition === partition);
      await archive.write(TOPICS.activity, partition, own.slice(0, 100));
      await archive.write(TOPICS.activity, partition, own.slice(100));
    }
  });
  afterEach(async () => {
    await archive.close();
    await rm(folder, { recursive: true });
  });

  const filesLeft = async () =>
    (await readdir(spillParent, { recursive: true, withFileTypes: true })).filter(({ name }) =>
      /^run-|^sorting-/.test(name),
    );

  it.each([
    ['than are merged at once', 0.008],
    ['than one', FEW_RECORDS_MIB],
  ])('come in the order of their bytes, with more parts %s', async (_, sortedAtOnceMiB) => {
    const reader = openParquetArchive(join(folder, 'archive'), { spillParent, sortedAtOnceMiB });
    const read: LogRecord[] = [];
    for await (const batch of reader.read(TOPICS.activity, { order: 'key' })) read.push(...batch);
    await reader.close();
    expect(read.map(digestOf)).toEqual(inOrderOfKeys.map(digestOf));
    for (const { value } of read)
      expect(value.buffer.byteLength).toBeLessThanOrEqual(Math.max(65_536, value.length + 10_000));
    expect(await filesLeft()).toEqual([]);
  });

  it('come with all of a key together', async () => {
    const found: unknown[] = [];
    for await (const batch of archive.readKeys(TOPICS.activity)) {
      for (const keyed of batch)
        found.push([keyed.partition, keyed.key, Array.from({ length: keyed.length }, (_, i) => keyed.offset(i))]);
    }
    const expected = [0, 1].flatMap((partition) =>
      [...new Set(inOrderOfKeys.map(({ key }) => key))].flatMap((key) => {
        const own = inOrderOfKeys.filter((record) => record.partition === partition && record.key === key);
        return own.length > 0 ? [[partition, key, own.map(({ offset }) => offset)]] : [];
      }),
    );
    expect(found).toEqual(expected);
  });

  it('come from an offset on', async () => {
    const offsets: number[] = [];
    for await (const batch of archive.read(TOPICS.activity, { order: 'key', partition: 1, fromOffset: 1_000 }))
      offsets.push(...batch.map(({ offset }) => offset));
    const expected = inOrderOfKeys.filter(({ partition, offset }) => partition === 1 && offset >= 1_000);
    expect(offsets).toEqual(expected.map(({ offset }) => offset));
  });

  it('come out of a storage that has some files here at a time', async () => {
    const storage = new FewFilesHere(join(folder, 'archive'));
    const reader = new ParquetArchive(storage, { spillParent });
    const read: LogRecord[] = [];
    for await (const batch of reader.read(TOPICS.activity, { order: 'key' })) read.push(...batch);
    await reader.close();
    expect(read.map(digestOf)).toEqual(inOrderOfKeys.map(digestOf));
    expect(storage.mostFilesHere).toBe(1);
    expect(storage.filesHere).toBe(0);
  });

  it('leave nothing on disk where somebody stops reading', async () => {
    for await (const batch of archive.read(TOPICS.activity, { order: 'key' })) {
      expect(batch.length).toBeGreaterThan(0);
      expect(await filesLeft()).not.toEqual([]);
      break;
    }
    expect(await filesLeft()).toEqual([]);
  });
});

/** As an object store, with room for one file. */
class FewFilesHere extends FolderStorage {
  override readonly localLimitBytes = 1;
  filesHere = 0;
  mostFilesHere = 0;

  override async listDayFiles(...args: Parameters<FolderStorage['listDayFiles']>) {
    return (await super.listDayFiles(...args)).map((file) => ({ ...file, sizeBytes: 1 }));
  }

  override async fetch(parts: readonly FilePart[], verify: boolean) {
    const fetched = await super.fetch(parts, verify);
    this.filesHere += parts.length;
    this.mostFilesHere = Math.max(this.mostFilesHere, this.filesHere);
    return { ...fetched, release: () => (this.filesHere -= parts.length) };
  }
}

it('a partition larger than the memory there is comes by key', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sorter-'));
  const [count, valueBytes] = [10_000, 10_000];
  const writer = openParquetArchive(folder);
  for (let first = 0; first < count; first += 500) {
    const records = Array.from({ length: 500 }, (_, i): LogRecord => {
      const value = bytesOf(valueBytes, first + i);
      return {
        topic: TOPICS.activity,
        partition: 0,
        offset: first + i,
        timestampMs: 1,
        key: `viewer-${(i * 37) % 100}`,
        value,
      };
    });
    await writer.write(TOPICS.activity, 0, records);
  }
  await writer.close();
  const reader = openParquetArchive(folder, { memoryLimitMiB: 64 });
  let before = '';
  let found = 0;
  for await (const batch of reader.readKeys(TOPICS.activity)) {
    for (const { key, length } of batch) {
      expect(key > before).toBe(true);
      before = key;
      found += length;
    }
  }
  expect(found).toBe(count);
  await reader.close();
  await rm(folder, { recursive: true });
});
