/**
 * A record as stored: timestamp (float64), length of the key (uint16), key in UTF-8, value; little-endian. Where the highest bit
 * of the length is set, headers stand before the value: their length (uint16), and they as JSON.
 */
import type { LogRecord, NewRecord } from '../port';

const HEADER_BYTES = 10;
const HAS_HEADERS = 0x8000;
/** Of the stored headers. */
export const MAX_RECORD_HEADERS_BYTES = 16 * 1024;

/** @param record whose key has at most 1,024 bytes, and whose headers have at most `MAX_RECORD_HEADERS_BYTES` */
export function encodeEntry({ key, value, headers }: NewRecord, timestampMs: number): Buffer {
  const keyLength = Buffer.byteLength(key);
  const stored = headers === undefined ? undefined : Buffer.from(JSON.stringify(headers));
  const headerBytes = stored === undefined ? 0 : 2 + stored.length;
  const entry = Buffer.allocUnsafe(HEADER_BYTES + keyLength + headerBytes + value.length);
  entry.writeDoubleLE(timestampMs, 0);
  entry.writeUInt16LE(stored === undefined ? keyLength : keyLength | HAS_HEADERS, 8);
  entry.write(key, HEADER_BYTES);
  if (stored !== undefined) {
    entry.writeUInt16LE(stored.length, HEADER_BYTES + keyLength);
    entry.set(stored, HEADER_BYTES + keyLength + 2);
  }
  entry.set(value, HEADER_BYTES + keyLength + headerBytes);
  return entry;
}

export function decodeEntry(entry: Buffer): Pick<LogRecord, 'timestampMs' | 'key' | 'value' | 'headers'> {
  const lengths = entry.readUInt16LE(8);
  const keyEnd = HEADER_BYTES + (lengths & ~HAS_HEADERS);
  const timestampMs = entry.readDoubleLE(0);
  const key = entry.toString('utf8', HEADER_BYTES, keyEnd);
  if ((lengths & HAS_HEADERS) === 0) return { timestampMs, key, value: entry.subarray(keyEnd) };
  const valueFrom = keyEnd + 2 + entry.readUInt16LE(keyEnd);
  const headers = JSON.parse(entry.toString('utf8', keyEnd + 2, valueFrom)) as LogRecord['headers'];
  return { timestampMs, key, value: entry.subarray(valueFrom), ...(headers && { headers }) };
}
