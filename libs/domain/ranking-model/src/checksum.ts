import { createHash } from 'node:crypto';

/**
 * The first 53 bits of SHA-256 over the row's float32 values, little-endian: what an impression records of the features
 * that it was served with, and what replay must find again.
 */
export function featuresChecksum(row: Float32Array): number {
  const bytes = new DataView(new ArrayBuffer(row.length * 4));
  for (let i = 0; i < row.length; i++) bytes.setFloat32(i * 4, row[i], true);
  const digest = createHash('sha256').update(new Uint8Array(bytes.buffer)).digest();
  return Number(digest.readBigUInt64BE(0) >> 11n);
}
