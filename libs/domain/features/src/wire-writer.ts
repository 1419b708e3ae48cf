/**
 * Writes protobuf fields of the kinds that a user state has. The generated code takes int64 through BigInt, which
 * costs most of the time of encoding a state: here numbers stay numbers.
 *
 * Fields with their default value are left out, as proto3 has it.
 */
const encoder = new TextEncoder();
/** Largest encoding of a varint below 2^53, and of a tag of these messages. */
const VARINT_BYTES = 8;
const TAG_BYTES = 1;
const UTF8_BYTES_PER_UNIT = 3;
const MAX_UINT32 = 2 ** 32 - 1;

/** The value is none that this writer knows: the generated encoder decides what becomes of it. */
export class UnusualValue extends Error {}

export class WireWriter {
  private bytes = new Uint8Array(64 * 1024);
  private view = new DataView(this.bytes.buffer);
  private position = 0;

  reset(): void {
    this.position = 0;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.position);
  }

  /** @param tag field number and wire type in one, below 128 */
  string(tag: number, text: string): void {
    if (text !== '') this.element(tag, text);
  }

  /** Of a repeated field: written even when empty. */
  element(tag: number, text: string): void {
    const { length } = text;
    this.reserve(TAG_BYTES + VARINT_BYTES + length * UTF8_BYTES_PER_UNIT);
    this.bytes[this.position++] = tag;
    if (length < 0x80 && this.ascii(text)) return;
    const start = this.position;
    const { written } = encoder.encodeInto(text, this.bytes.subarray(start + VARINT_BYTES));
    this.varint(written);
    this.bytes.copyWithin(this.position, start + VARINT_BYTES, start + VARINT_BYTES + written);
    this.position += written;
  }

  /** int64 or uint64. @throws UnusualValue unless an integer from 0 to 2^53 − 1 */
  integer(tag: number, value: number): void {
    if (value === 0) return;
    if (!(Number.isSafeInteger(value) && value > 0)) throw new UnusualValue();
    this.reserve(TAG_BYTES + VARINT_BYTES);
    this.bytes[this.position++] = tag;
    this.varint(value);
  }

  /** @throws UnusualValue beyond 2^32 − 1 too */
  uint32(tag: number, value: number): void {
    if (value > MAX_UINT32) throw new UnusualValue();
    this.integer(tag, value);
  }

  double(tag: number, value: number): void {
    if (value === 0) return;
    this.reserve(TAG_BYTES + 8);
    this.bytes[this.position++] = tag;
    this.view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  /** Begins a message within this one. @returns what `end` needs */
  begin(tag: number): number {
    this.reserve(TAG_BYTES + 1);
    this.bytes[this.position++] = tag;
    // Most are shorter than 128 bytes, and one byte holds their length.
    return ++this.position;
  }

  end(start: number): void {
    const length = this.position - start;
    if (length < 0x80) {
      this.bytes[start - 1] = length;
      return;
    }
    this.reserve(VARINT_BYTES);
    this.position = start - 1;
    const lengthBytes = length < 0x4000 ? 2 : length < 0x200000 ? 3 : VARINT_BYTES;
    if (lengthBytes === VARINT_BYTES) throw new UnusualValue();
    this.bytes.copyWithin(start - 1 + lengthBytes, start, start + length);
    this.varint(length);
    this.position += length;
  }

  private ascii(text: string): boolean {
    const { bytes } = this;
    const { length } = text;
    let at = this.position;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[at++] = unit;
    }
    this.position = at;
    return true;
  }

  private varint(value: number): void {
    const { bytes } = this;
    let at = this.position;
    // `&` takes the low 32 bits of any integer exactly; shifts would lose the rest of a larger one.
    for (; value > 0x7fffffff; value = Math.floor(value / 128)) bytes[at++] = (value & 0x7f) | 0x80;
    for (; value > 0x7f; value >>>= 7) bytes[at++] = (value & 0x7f) | 0x80;
    bytes[at++] = value;
    this.position = at;
  }

  private reserve(count: number): void {
    const needed = this.position + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}
