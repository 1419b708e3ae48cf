/**
 * How records lie in a segment of a spool: length and CRC-32 (both 4 bytes, little-endian), then the record. None is empty: where a
 * disk has zeros in place of what was written, each eight of them would be such a one, as the CRC-32 of nothing is 0.
 */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { MAX_BATCH_BYTES } from '@watchnext/contract';

const HEADER_BYTES = 8;
const WINDOW_BYTES = 256 << 10;

export function headerOf(record: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(record.length, 0);
  header.writeUInt32LE(crc32(record), 4);
  return header;
}

/** Whole and undamaged records from an offset on; ends at the first that is not, or at `end`. */
export async function* recordsOf(
  handle: FileHandle,
  offset: number,
  end: number,
): AsyncGenerator<{ record: Uint8Array; nextOffset: number }> {
  let window = Buffer.alloc(0);
  const load = async (length: number): Promise<boolean> => {
    if (offset + length > end) return false;
    if (window.length >= length) return true;
    window = Buffer.alloc(Math.min(Math.max(length, WINDOW_BYTES), end - offset));
    const { bytesRead } = await handle.read(window, 0, window.length, offset);
    window = window.subarray(0, bytesRead);
    return bytesRead >= length;
  };
  while (await load(HEADER_BYTES)) {
    const length = window.readUInt32LE(0);
    const checksum = window.readUInt32LE(4);
    if (length === 0 || !(await load(HEADER_BYTES + length))) return;
    const record = window.subarray(HEADER_BYTES, HEADER_BYTES + length);
    if (crc32(record) !== checksum) return;
    offset += HEADER_BYTES + length;
    window = window.subarray(HEADER_BYTES + length);
    yield { record, nextOffset: offset };
  }
}

/** Parts a segment, from a record's start on, into its whole records, with their headers, and what lies between and behind them. */
export function partRecords(bytes: Buffer, start: number): { whole: Buffer[]; damaged: Buffer[] } {
  const whole: Buffer[] = [];
  const damaged: Buffer[] = [];
  for (let offset = start; offset < bytes.length;) {
    const end = recordEnd(bytes, offset);
    if (end !== undefined) {
      whole.push(bytes.subarray(offset, end));
      offset = end;
      continue;
    }
    const next = findRecord(bytes, offset + 1) ?? bytes.length;
    damaged.push(bytes.subarray(offset, next));
    offset = next;
  }
  return { whole, damaged };
}

/** Where the next whole record begins. */
export function findRecord(bytes: Buffer, from: number): number | undefined {
  for (let offset = from; offset + HEADER_BYTES < bytes.length; offset++) {
    // None is larger than a batch: bounds what the search has to look through.
    if (bytes.readUInt32LE(offset) <= MAX_BATCH_BYTES && recordEnd(bytes, offset) !== undefined) return offset;
  }
  return undefined;
}

function recordEnd(bytes: Buffer, offset: number): number | undefined {
  if (offset + HEADER_BYTES > bytes.length) return undefined;
  const length = bytes.readUInt32LE(offset);
  const end = offset + HEADER_BYTES + length;
  if (length === 0 || end > bytes.length) return undefined;
  return crc32(bytes.subarray(offset + HEADER_BYTES, end)) === bytes.readUInt32LE(offset + 4) ? end : undefined;
}
