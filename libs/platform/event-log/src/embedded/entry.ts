/** A record as stored: timestamp (float64), length of the key (uint16), key in UTF-8, value; little-endian. */

const HEADER_BYTES = 10;

export function encodeEntry(timestampMs: number, key: string, value: Uint8Array): Buffer {
  const keyLength = Buffer.byteLength(key);
  const entry = Buffer.allocUnsafe(HEADER_BYTES + keyLength + value.length);
  entry.writeDoubleLE(timestampMs, 0);
  entry.writeUInt16LE(keyLength, 8);
  entry.write(key, HEADER_BYTES);
  entry.set(value, HEADER_BYTES + keyLength);
  return entry;
}

export function decodeEntry(entry: Buffer): { timestampMs: number; key: string; value: Uint8Array } {
  const keyEnd = HEADER_BYTES + entry.readUInt16LE(8);
  return {
    timestampMs: entry.readDoubleLE(0),
    key: entry.toString('utf8', HEADER_BYTES, keyEnd),
    value: entry.subarray(keyEnd),
  };
}
