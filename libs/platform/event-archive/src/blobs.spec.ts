import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { eachBlob } from './blobs';
import { openParquetArchive } from './parquet-archive';

const TOPIC = 'watchnext.activity.v1';
/** Inline ones, those behind a pointer, and some larger than what is taken at once. */
const LENGTHS = [0, 1, 12, 13, 14, 40, 200, 5_000, 65_535, 65_536, 65_537, 200_000];

const bytesOf = (length: number, seed: number) => {
  const digest = createHash('sha256').update(String(seed)).digest();
  return Uint8Array.from({ length }, (_, i) => digest[i % 32] ^ (i >> 5));
};

it('an archive gives back values of every length, in either order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'blobs-'));
  const archive = openParquetArchive(folder);
  try {
    const records = Array.from({ length: 600 }, (_, offset): LogRecord => {
      const length = offset % 5 === 0 ? LENGTHS[(offset / 5) % LENGTHS.length] : offset % 90;
      return {
        topic: TOPIC,
        partition: 0,
        offset,
        timestampMs: 1,
        key: `key-${offset % 7}`,
        value: bytesOf(length, offset),
      };
    });
    await archive.write(TOPIC, 0, records);
    for (const order of ['offset', 'key'] as const) {
      const read: LogRecord[] = [];
      for await (const batch of archive.read(TOPIC, { order })) read.push(...batch);
      expect(read).toHaveLength(records.length);
      for (const { offset, value } of read) {
        expect(Buffer.compare(value, records[offset].value)).toBe(0);
        expect(value.buffer.byteLength).toBeLessThanOrEqual(Math.max(65_536, value.length));
      }
    }
  } finally {
    await archive.close();
    await rm(folder, { recursive: true });
  }
});

describe('eachBlob', () => {
  let connection: DuckDBConnection;
  beforeAll(async () => {
    connection = await (await DuckDBInstance.create()).connect();
  });
  afterAll(() => connection.closeSync());

  const blobs = async (sql: string) => {
    const chunk = await (await connection.stream(sql)).fetchChunk();
    const found: string[] = [];
    eachBlob(chunk!, 0, (row, buffer, from, to) => (found[row] = Buffer.from(buffer.subarray(from, to)).toString()));
    return found;
  };

  it('takes rows that do not lie beside each other in memory', async () => {
    const text = (i: number) => `a value that is not inline, of row ${i}`;
    const rows = Array.from({ length: 100 }, (_, i) => `(${(37 * i) % 100}, '${text((37 * i) % 100)}'::BLOB)`);
    const found = await blobs(`SELECT value FROM (VALUES ${rows.join(', ')}) AS t(id, value) ORDER BY id DESC`);
    expect(found).toEqual(Array.from({ length: 100 }, (_, i) => text(99 - i)));
  });

  it('throws where a row has none', async () => {
    await expect(blobs(`SELECT * FROM (VALUES ('a value that is not inline'::BLOB), (NULL))`)).rejects.toThrow(
      'no value',
    );
  });
});
