/**
 * Reads protobuf as the generated code asks for it, of one event after the other: one reader is used again for each, 64-bit
 * integers make no BigInt, and texts are decoded by Node itself.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';

/** What BinaryReader keeps for itself, made to point at other bytes. */
interface Rewound {
  buf: Uint8Array;
  len: number;
  pos: number;
  view: DataView;
  varint64Lo: number;
  varint64Hi: number;
  varint64(): void;
  __tsProtoDecodeDepth?: number;
}

/** Stands in for the library's integers where the generated code asks for their text, to make a number of it. */
class Int64 {
  value = 0;
  toString(): string {
    return this.value as unknown as string;
  }
}

/** Node's own decoder, which takes a range of any bytes without making a view of it first. */
const { utf8Slice } = Buffer.prototype as unknown as { utf8Slice(from: number, to: number): string };
export const utf8 = (bytes: Uint8Array, from: number, to: number): string => utf8Slice.call(bytes, from, to);

export class EventReader extends BinaryReader {
  private readonly integer = new Int64();

  constructor() {
    super(new Uint8Array(0));
  }

  rewindTo(bytes: Uint8Array, from = 0): this {
    const own = this as unknown as Rewound;
    own.buf = bytes;
    own.len = bytes.length;
    own.pos = from;
    own.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // Left raised by an event that could not be decoded.
    own.__tsProtoDecodeDepth = 0;
    return this;
  }

  override string(): string {
    const length = this.uint32();
    const from = this.pos;
    const { buf } = this as unknown as Rewound;
    this.pos += length;
    if (this.pos > this.len) throw new RangeError('premature EOF');
    return length === 0 ? '' : utf8(buf, from, from + length);
  }

  override int64(): string {
    const own = this as unknown as Rewound;
    own.varint64();
    return this.numberOf(own.varint64Hi | 0, own.varint64Lo);
  }

  override uint64(): string {
    const own = this as unknown as Rewound;
    own.varint64();
    return this.numberOf(own.varint64Hi >>> 0, own.varint64Lo);
  }

  override fixed64(): string {
    const low = this.fixed32();
    return this.numberOf(this.fixed32(), low);
  }

  /** Exact up to 2^53, beyond which the generated code throws. */
  private numberOf(high: number, low: number): string {
    this.integer.value = high * 2 ** 32 + (low >>> 0);
    return this.integer as unknown as string;
  }
}
