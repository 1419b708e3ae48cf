/**
 * A sorted run on disk: records of one partition, ascending by key, then by offset, as they are merged with those of other runs.
 *
 * Row by row: the length of its key plus one, or 0 for the key of the row before (32 bits); the length of its value (32 bits); offset and
 * timestamp (doubles); the key, in UTF-8; the value. Integers and doubles are little-endian. The file lives as long as one reading of this process.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { RecordBatch } from '../record-chunk';

const HEADER_BYTES = 24;
const VALUE_LENGTH_AT = 4;
const OFFSET_AT = 8;
const TIMESTAMP_AT = 16;

/** What values share: one that is kept keeps all of it in memory. */
const BLOCK_BYTES = 65_536;
/** Read at once: a read costs as much as going through a block. */
const READ_BYTES = 262_144;
const FIRST_CAPACITY = 1_048_576;

/** Writes what comes in order. @throws what writing files throws, as for a full disk */
export async function writeRun(path: string, batches: AsyncIterable<RecordBatch>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    const rows = new RunBuffer();
    for await (const batch of batches) {
      rows.add(batch);
      for (let at = 0; at < rows.length;) at += (await file.write(rows.bytes, at, rows.length - at)).bytesWritten;
      rows.length = 0;
    }
  } finally {
    await file.close();
  }
}

class RunBuffer {
  length = 0;
  bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  private lastKey: string | undefined;

  add(batch: RecordBatch): void {
    const { offsets, timestampsMs } = batch;
    batch.eachValue((row, buffer, start, end) => {
      const key = batch.hasKeyOfRowBefore(row) ? this.lastKey! : batch.key(row);
      const newKey = key === this.lastKey ? undefined : Buffer.from(key);
      this.lastKey = key;
      const keyBytes = newKey?.length ?? 0;
      let at = this.length;
      this.length += HEADER_BYTES + keyBytes + end - start;
      if (this.length > this.bytes.length) this.grow();
      const { bytes } = this;
      bytes.writeUInt32LE(newKey ? keyBytes + 1 : 0, at);
      bytes.writeUInt32LE(end - start, at + VALUE_LENGTH_AT);
      bytes.writeDoubleLE(offsets[row], at + OFFSET_AT);
      bytes.writeDoubleLE(timestampsMs[row], at + TIMESTAMP_AT);
      at += HEADER_BYTES;
      if (newKey) bytes.set(newKey, at);
      bytes.set(buffer.subarray(start, end), at + keyBytes);
    });
  }

  private grow(): void {
    const larger = Buffer.allocUnsafeSlow(2 * this.length);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

/** A key, in UTF-8: bytes [start, end) of a block. */
export interface KeyBytes {
  readonly block: Buffer;
  readonly start: number;
  readonly end: number;
}

const EMPTY = Buffer.alloc(0);

/** Goes through a run. What its row lies in stays as it is when it goes on. */
export class RunCursor {
  offset = 0;
  timestampMs = 0;
  key: KeyBytes = { block: EMPTY, start: 0, end: 0 };
  /** The value is its bytes [valueStart, valueEnd). */
  block = EMPTY;
  valueStart = 0;
  valueEnd = 0;
  /** Whether the row has another key than the one before. */
  isOfNewKey = false;
  private blockEnd = 0;
  private filePosition = 0;
  /** What was read beyond the block: its bytes [aheadFrom, aheadTo). */
  private readonly ahead = Buffer.allocUnsafeSlow(READ_BYTES);
  private aheadFrom = 0;
  private aheadTo = 0;

  private constructor(private readonly file: FileHandle) {}

  static async open(path: string): Promise<RunCursor> {
    return new RunCursor(await open(path, 'r'));
  }

  /** To the next row, where all of it was read already. */
  next(): boolean {
    const { block, blockEnd } = this;
    const at = this.valueEnd;
    if (at + HEADER_BYTES > blockEnd) return false;
    const keyLength = block.readUInt32LE(at);
    const keyStart = at + HEADER_BYTES;
    const valueStart = keyStart + Math.max(0, keyLength - 1);
    const valueEnd = valueStart + block.readUInt32LE(at + VALUE_LENGTH_AT);
    if (valueEnd > blockEnd) return false;
    this.offset = block.readDoubleLE(at + OFFSET_AT);
    this.timestampMs = block.readDoubleLE(at + TIMESTAMP_AT);
    this.isOfNewKey = keyLength > 0;
    if (keyLength > 0) this.key = { block, start: keyStart, end: valueStart };
    this.valueStart = valueStart;
    this.valueEnd = valueEnd;
    return true;
  }

  /** To the next row, which the file is read for. @returns false where there is none */
  async read(): Promise<boolean> {
    const rest = this.block.subarray(this.valueEnd, this.blockEnd);
    this.block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, neededFrom(rest)));
    this.block.set(rest);
    this.blockEnd = await this.fill(this.block, rest.length);
    this.valueEnd = 0;
    if (this.next()) return true;
    if (this.blockEnd === 0) return false;
    if (this.blockEnd === this.block.length) return this.read();
    throw new Error('a sorted run ends within a row');
  }

  close(): Promise<void> {
    return this.file.close();
  }

  /** From `at` on, as far as there is something left. @returns up to where */
  private async fill(block: Buffer, at: number): Promise<number> {
    while (at < block.length) {
      if (this.aheadFrom === this.aheadTo) {
        const { bytesRead } = await this.file.read(this.ahead, 0, READ_BYTES, this.filePosition);
        if (bytesRead === 0) break;
        this.filePosition += bytesRead;
        [this.aheadFrom, this.aheadTo] = [0, bytesRead];
      }
      const copied = this.ahead.copy(block, at, this.aheadFrom, this.aheadTo);
      this.aheadFrom += copied;
      at += copied;
    }
    return at;
  }
}

/** Bytes of the row that begins there, as far as they are known. */
function neededFrom(rest: Buffer): number {
  if (rest.length < HEADER_BYTES) return HEADER_BYTES;
  return HEADER_BYTES + Math.max(0, rest.readUInt32LE(0) - 1) + rest.readUInt32LE(VALUE_LENGTH_AT);
}

/** Negative, 0 or positive, by the bytes: as DuckDB sorts them. */
export function compareKeys(one: KeyBytes, other: KeyBytes): number {
  if (one === other) return 0;
  const { block: a, start: i, end: aEnd } = one;
  const { block: b, start: j, end: bEnd } = other;
  const length = Math.min(aEnd - i, bEnd - j);
  for (let at = 0; at < length; at++) {
    const difference = a[i + at] - b[j + at];
    if (difference !== 0) return difference;
  }
  return aEnd - i - (bEnd - j);
}
