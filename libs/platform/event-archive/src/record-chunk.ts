/** A chunk of DuckDB's with the columns of records, read a column at a time: one call into native code for each value costs more than all else. */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { data_chunk_get_vector, vector_get_data } from '@duckdb/node-bindings';
import type { LogRecord } from '@watchnext/event-log';
import { eachBlob, type TakeBlob } from './blobs';

/** Numbers come as doubles: exact up to 2^53, and far cheaper than big integers. */
export const RECORD_COLUMNS = '"offset"::DOUBLE AS "offset", timestamp_ms::DOUBLE AS timestamp_ms, key, value';
/** Beside them, tells long keys apart: reading a text out of a chunk costs more than all else of a record. */
export const KEY_HASH = 'hash(key) AS key_hash';
const [OFFSET, TIMESTAMP_MS, KEY, VALUE, HASH] = [0, 1, 2, 3, 4] as const;

const ENTRY_WORDS = 4;
const INLINE_BYTES = 12;

/** Some records of a partition in columns, which are to be used before the next ones are asked for. */
export interface RecordBatch {
  readonly rowCount: number;
  readonly offsets: Float64Array;
  readonly timestampsMs: Float64Array;
  hasKeyOfRowBefore(row: number): boolean;
  key(row: number): string;
  /** In the order of the rows. What values lie in stays as it is. */
  eachValue(take: TakeBlob): void;
}

export function recordsOf(batch: RecordBatch, topic: string, partition: number): LogRecord[] {
  const { offsets, timestampsMs } = batch;
  const records: LogRecord[] = [];
  let key = '';
  batch.eachValue((row, buffer, start, end) => {
    if (!batch.hasKeyOfRowBefore(row)) key = batch.key(row);
    const value = buffer.subarray(start, end);
    records.push({ topic, partition, offset: offsets[row], timestampMs: timestampsMs[row], key, value });
  });
  return records;
}

export class RecordChunk implements RecordBatch {
  readonly rowCount: number;
  readonly offsets: Float64Array;
  readonly timestampsMs: Float64Array;
  private readonly keyEntries: Int32Array;
  private readonly keyHashes: Int32Array;

  /** @param chunk of RECORD_COLUMNS and KEY_HASH; what is made here is to be used only as long as it is there */
  constructor(private readonly chunk: DuckDBDataChunk) {
    const { rowCount } = chunk;
    this.rowCount = rowCount;
    const column = (index: number, valueBytes: number) => {
      const { buffer, byteOffset } = vector_get_data(data_chunk_get_vector(chunk.chunk, index), valueBytes * rowCount);
      return [buffer, byteOffset, (valueBytes / 8) * rowCount] as const;
    };
    this.offsets = new Float64Array(...column(OFFSET, 8));
    this.timestampsMs = new Float64Array(...column(TIMESTAMP_MS, 8));
    const [entries, entriesAt] = column(KEY, 4 * ENTRY_WORDS);
    this.keyEntries = new Int32Array(entries, entriesAt, ENTRY_WORDS * rowCount);
    const [hashes, hashesAt] = column(HASH, 8);
    this.keyHashes = new Int32Array(hashes, hashesAt, 2 * rowCount);
  }

  /** Of two different keys that follow each other, longer than 12 bytes and beginning alike, it is wrong once in 10^19. */
  hasKeyOfRowBefore(row: number): boolean {
    if (row === 0) return false;
    const { keyEntries: entries, keyHashes: hashes } = this;
    const at = ENTRY_WORDS * row;
    const before = at - ENTRY_WORDS;
    // The length, then the key's beginning.
    if (entries[at] !== entries[before] || entries[at + 1] !== entries[before + 1]) return false;
    // Of a short key the rest; of a longer one a pointer.
    return entries[at] <= INLINE_BYTES
      ? entries[at + 2] === entries[before + 2] && entries[at + 3] === entries[before + 3]
      : hashes[2 * row] === hashes[2 * row - 2] && hashes[2 * row + 1] === hashes[2 * row - 1];
  }

  key(row: number): string {
    return this.chunk.getColumnVector(KEY).getItem(row) as string;
  }

  eachValue(take: TakeBlob): void {
    eachBlob(this.chunk, VALUE, take);
  }
}
