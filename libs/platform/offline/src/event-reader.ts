/** Reads protobuf as the generated code asks for it, of one event after the other: one reader is used again for each. */
import { BinaryReader } from '@watchnext/contract';

/** What the reader and the library's, which it extends, keep for themselves, made to point at other bytes. */
interface Rewound {
  bytesRead: Buffer;
  buf: Uint8Array;
  len: number;
  pos: number;
  view: DataView;
  __tsProtoDecodeDepth?: number;
}

/** Node's own decoder, which takes a range of any bytes without making a view of it first. */
const { utf8Slice } = Buffer.prototype as unknown as { utf8Slice(from: number, to: number): string };
export const utf8 = (bytes: Uint8Array, from: number, to: number): string => utf8Slice.call(bytes, from, to);

export class EventReader extends BinaryReader {
  constructor() {
    super(Buffer.alloc(0));
  }

  rewindTo(bytes: Uint8Array, from = 0): this {
    const own = this as unknown as Rewound;
    own.bytesRead = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    own.buf = own.bytesRead;
    own.len = bytes.length;
    own.pos = from;
    own.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // Left raised by an event that could not be decoded.
    own.__tsProtoDecodeDepth = 0;
    return this;
  }
}
