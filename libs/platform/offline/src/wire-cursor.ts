/** Reads protobuf's wire format, value by value, as far as the usual goes. */
import { utf8 } from './event-reader';
import { SharedValues } from './shared-values';

/** In bytes: ids of videos, channels, topics and users; UUIDs, of which each comes once or twice, are longer. */
const LONGEST_SHARED_TEXT = 20;

/** Thrown where the generated code must decide. */
export const UNUSUAL = Symbol('unusual bytes');

export class WireCursor {
  protected buffer: Uint8Array = new Uint8Array(0);
  /** Of the memory that the bytes lie in, which events share with their neighbours. */
  protected view: DataView = new DataView(new ArrayBuffer(0));
  protected at = 0;
  private readonly texts = new SharedValues(LONGEST_SHARED_TEXT, utf8);

  protected startAt(bytes: Uint8Array): void {
    this.buffer = bytes;
    this.at = 0;
    if (bytes.buffer !== this.view.buffer) this.view = new DataView(bytes.buffer);
  }

  /** Takes the length of a message that lies within one that ends at `outerEnd`. */
  protected nestedEnd(outerEnd: number): number {
    const length = this.uint32();
    const end = this.at + length;
    if (end > outerEnd) throw UNUSUAL;
    return end;
  }

  protected requireAt(end: number): void {
    if (this.at !== end) throw UNUSUAL;
  }

  protected text(): string {
    const length = this.uint32();
    if (length === 0) return '';
    const from = this.at;
    const to = from + length;
    if (to > this.buffer.length) throw UNUSUAL;
    this.at = to;
    return length <= LONGEST_SHARED_TEXT
      ? this.texts.at(this.buffer, this.view, from, to)
      : utf8(this.buffer, from, to);
  }

  /** Of up to four bytes. Past the end a byte is undefined, which goes on like one that is not the last. */
  protected uint32(): number {
    const { buffer } = this;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = buffer[this.at++];
      if (byte < 0x80) return value | (byte << shift);
      value |= (byte & 0x7f) << shift;
    }
    throw UNUSUAL;
  }

  /** Of up to seven bytes: 49 bits, none of them a sign. */
  protected int64(): number {
    const { buffer } = this;
    let value = 0;
    for (let scale = 1; scale < 2 ** 49; scale *= 128) {
      const byte = buffer[this.at++];
      if (byte < 0x80) return value + byte * scale;
      value += (byte & 0x7f) * scale;
    }
    throw UNUSUAL;
  }

  protected double(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  protected float(): number {
    return this.view.getFloat32(this.take(4), true);
  }

  protected fixed64(): number {
    const place = this.take(8);
    const value = this.view.getUint32(place + 4, true) * 2 ** 32 + this.view.getUint32(place, true);
    if (value > Number.MAX_SAFE_INTEGER) throw UNUSUAL;
    return value;
  }

  /** @returns where in the view the bytes taken begin */
  private take(count: number): number {
    const { buffer, at } = this;
    this.at += count;
    if (this.at > buffer.length) throw UNUSUAL;
    return buffer.byteOffset + at;
  }
}
