import { createHash, hash } from 'node:crypto';
import { endianness } from 'node:os';

/**
 * The first 53 bits of SHA-256 over the row's float32 values, little-endian: what an impression records of the features
 * that it was served with, and what replay must find again.
 */
export function featuresChecksum(row: Float32Array): number {
  return new RowChecksums(row, 0).of(row, row.length);
}

const IS_LITTLE_ENDIAN = endianness() === 'LE';
/** `crypto.hash` makes no object for each row; Node has it from 20.12 on. */
const digestHex = hash
  ? (bytes: Uint8Array) => hash('sha256', bytes, 'hex')
  : (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Checksums of a request's rows, which begin alike: one buffer serves them all. */
export class RowChecksums {
  private readonly row: Float32Array;
  private readonly bytes: Uint8Array;

  /** @param start columns that all rows share */
  constructor(
    private readonly start: Float32Array,
    private readonly restSize: number,
  ) {
    this.row = new Float32Array(start.length + restSize);
    this.row.set(start);
    this.bytes = new Uint8Array(this.row.buffer);
  }

  /** Of the row that begins as all do and goes on with values[offset … offset + restSize). */
  of(values: Float32Array, offset: number): number {
    const { row, bytes, start, restSize } = this;
    row.set(values.subarray(offset, offset + restSize), start.length);
    const hex = digestHex(IS_LITTLE_ENDIAN ? bytes : littleEndian(row));
    // 53 of the first 64 bits: 32, and the upper 21 of the next.
    return parseInt(hex.slice(0, 8), 16) * 2 ** 21 + (parseInt(hex.slice(8, 16), 16) >>> 11);
  }
}

function littleEndian(row: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(row.length * 4));
  row.forEach((value, i) => view.setFloat32(i * 4, value, true));
  return new Uint8Array(view.buffer);
}
