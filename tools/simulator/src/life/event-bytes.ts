/**
 * Writes the contract's events straight as protobuf, into one buffer that is used again: what `Event.encode` would give,
 * byte for byte (a spec holds the two side by side), without an object for each part of it.
 */
const GROWTH = 2;
const textEncoder = new TextEncoder();

export class ByteWriter {
  bytes: Uint8Array;
  length = 0;
  private view: DataView;

  constructor(capacity = 1 << 16) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `count` more bytes; the writing methods below count on it for 16. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(GROWTH * this.bytes.length, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.bytes[this.length++] = value;
  }

  /** @param value whole and not negative, below 2^53 */
  varint(value: number): void {
    while (value >= 0x80) {
      this.bytes[this.length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.bytes[this.length++] = value;
  }

  /** A field of a whole number; left out when it is 0, as proto3 has it. */
  number(field: number, value: number): void {
    if (value === 0) return;
    this.reserve(16);
    this.byte(field << 3);
    this.varint(value);
  }

  double(field: number, value: number): void {
    if (value === 0) return;
    this.reserve(16);
    this.byte((field << 3) | 1);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  raw(field: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.reserve(value.length + 16);
    this.byte((field << 3) | 2);
    this.varint(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  text(field: number, value: string): void {
    this.raw(field, textEncoder.encode(value));
  }

  /** A text of one byte a character. */
  ascii(field: number, value: string): void {
    if (value.length === 0) return;
    this.reserve(value.length + 16);
    this.byte((field << 3) | 2);
    this.varint(value.length);
    for (let i = 0; i < value.length; i++) this.bytes[this.length++] = value.charCodeAt(i);
  }

  /** Begins a message; give what it returns to `close`. */
  open(field: number): number {
    this.reserve(16);
    this.byte((field << 3) | 2);
    // Most are shorter than 128 bytes; `close` makes room where one is not.
    return ++this.length;
  }

  close(start: number): void {
    const size = this.length - start;
    let lengthBytes = 1;
    for (let rest = size; rest >= 0x80; rest = Math.floor(rest / 0x80)) lengthBytes++;
    if (lengthBytes > 1) {
      this.reserve(8);
      this.bytes.copyWithin(start + lengthBytes - 1, start, this.length);
    }
    const end = this.length + lengthBytes - 1;
    this.length = start - 1;
    this.varint(size);
    this.length = end;
  }
}
