/** Reads what `wire-writer.ts` writes. Whatever else a message may hold is left to the generated decoder. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** Seven groups of 7 bits are 49; the eighth may not go beyond 2^53. */
const MAX_VARINT_BYTES = 8;
const SHORT_BYTES = 24;
const MAX_UINT32 = 2 ** 32 - 1;

/** The bytes are not as our encoder writes them: the generated decoder decides what becomes of them. */
export class UnusualBytes extends Error {}

export class WireReader {
  position = 0;
  private readonly buffer: Buffer;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** @returns an integer from 0 to 2^53 − 1. @throws UnusualBytes */
  integer(): number {
    const { bytes } = this;
    let at = this.position;
    let byte = this.byteAt(at++);
    let value = byte & 0x7f;
    for (let scale = 128, count = 1; byte > 0x7f; scale *= 128, count++) {
      if (count === MAX_VARINT_BYTES || at >= bytes.length) throw new UnusualBytes();
      byte = bytes[at++];
      value += (byte & 0x7f) * scale;
    }
    if (value > Number.MAX_SAFE_INTEGER) throw new UnusualBytes();
    this.position = at;
    return value;
  }

  uint32(): number {
    const value = this.integer();
    if (value > MAX_UINT32) throw new UnusualBytes();
    return value;
  }

  double(): number {
    const at = this.position;
    if (at + 8 > this.bytes.length) throw new UnusualBytes();
    this.position = at + 8;
    return this.view.getFloat64(at, true);
  }

  string(): string {
    const end = this.end();
    const start = this.position;
    this.position = end;
    const { bytes } = this;
    const isShort = end - start <= SHORT_BYTES;
    const units: number[] = [];
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      if (byte > 0x7f) return decoder.decode(bytes.subarray(start, end));
      if (isShort) units.push(byte);
    }
    // A call out of JavaScript costs more than a short string.
    return isShort ? String.fromCharCode.apply(null, units) : this.buffer.toString('latin1', start, end);
  }

  /** Reads the length of a message within this one. @returns where it ends */
  end(): number {
    const length = this.integer();
    const end = this.position + length;
    if (end > this.bytes.length) throw new UnusualBytes();
    return end;
  }

  private byteAt(at: number): number {
    if (at >= this.bytes.length) throw new UnusualBytes();
    return this.bytes[at];
  }
}
