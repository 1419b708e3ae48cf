import { createHash } from 'node:crypto';

/**
 * A UUIDv7 that depends on nothing but its arguments, so that importing twice gives the same ids: the time in the
 * first 48 bits, the rest from SHA-256 of the name (RFC 9562 §5.7 leaves those bits to the implementation).
 *
 * @param name what the event stands for, unique within the data set
 */
export function eventIdOf(atMs: number, name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  bytes.writeUIntBE(Math.floor(atMs), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
