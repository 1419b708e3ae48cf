/**
 * What the generated code reads and writes messages with: the library's reader and writer, without what costs a service most.
 * A list of 500 candidates has some 3,000 texts and 500 times; the library makes an array for each text and a BigInt and its digits for each
 * time, which is most of what a request leaves to the garbage collector.
 */
import { BinaryReader as LibraryReader, BinaryWriter as LibraryWriter } from '@bufbuild/protobuf/wire';

/** Longer texts are rarely seen twice, and Node decodes them as fast. */
const LONGEST_KEPT = 32;
/** A power of two. As many texts are kept at most, the last of each place. */
const KEPT_TEXTS = 4096;

const keptTexts = new Array<string>(KEPT_TEXTS).fill('');
/** Of each length an array to hand to `fromCharCode`, used again and again. */
const codesByLength = Array.from({ length: LONGEST_KEPT + 1 }, (_, length) => new Array<number>(length).fill(0));

export class BinaryReader extends LibraryReader {
  protected readonly bytesRead: Buffer;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.bytesRead = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Ids of topics, channels and popular videos come again and again: of those that are kept the same string is given, whose hash is known.
   * @throws RangeError where the message ends before the text does
   */
  override string(): string {
    const length = this.uint32();
    const from = this.pos;
    const to = (this.pos += length);
    if (to > this.len) throw new RangeError('premature EOF');
    return length > LONGEST_KEPT ? this.bytesRead.toString('utf8', from, to) : this.shortText(from, to);
  }

  /**
   * A 64-bit integer as a number.
   * @throws RangeError where the message ends before it does; Error beyond ±(2^53 − 1)
   */
  int64Number(): number {
    return this.sevenBitGroups() ?? safe(super.int64());
  }

  uint64Number(): number {
    return this.sevenBitGroups() ?? safe(super.uint64());
  }

  fixed64Number(): number {
    const low = this.fixed32();
    const high = this.fixed32();
    return safe(high * 2 ** 32 + low);
  }

  private shortText(from: number, to: number): string {
    const bytes = this.bytesRead;
    const length = to - from;
    let hash = length;
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!;
      if (byte > 0x7f) return bytes.toString('utf8', from, to);
      hash = Math.imul(hash, 31) + byte;
    }
    const place = (hash ^ (hash >>> 12)) & (KEPT_TEXTS - 1);
    const kept = keptTexts[place]!;
    if (kept.length === length && isTextOf(kept, bytes, from)) return kept;
    const codes = codesByLength[length]!;
    for (let i = 0; i < length; i++) codes[i] = bytes[from + i]!;
    return (keptTexts[place] = String.fromCharCode.apply(undefined, codes));
  }

  /** The next varint, if it is of eight groups or fewer: below 2^56, so a double tells whether it is safe. Otherwise nothing is read. */
  private sevenBitGroups(): number | undefined {
    const { bytesRead, len } = this;
    const start = this.pos;
    const end = Math.min(start + 8, len);
    let value = 0;
    let scale = 1;
    for (let at = start; at < end; at++) {
      const byte = bytesRead[at]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.pos = at + 1;
        return safe(value);
      }
      scale *= 128;
    }
    return undefined;
  }
}

/** What a writer has of its own, which the library keeps private. */
interface Room {
  buffer: Uint8Array;
  viewCache: DataView;
}

/** Most messages fit; one that is larger does not keep its room for good. */
const LARGEST_SPARE_BYTES = 2 ** 20;
const NO_ROOM = new Uint8Array(0);
const NO_VIEW = new DataView(NO_ROOM.buffer);
/** The last writer's, for the next one: a list's candidates would have it grown, and copied, nine times over. */
let spare: Uint8Array | undefined;

export class BinaryWriter extends LibraryWriter {
  constructor() {
    super();
    if (spare === undefined) return;
    (this as unknown as Room).buffer = spare;
    spare = undefined;
  }

  override finish(): Uint8Array<ArrayBuffer> {
    const bytes = super.finish();
    const room = this as unknown as Room;
    if (room.buffer.length <= LARGEST_SPARE_BYTES) spare = room.buffer;
    room.buffer = NO_ROOM;
    room.viewCache = NO_VIEW;
    return bytes;
  }

  override int64(value: string | number | bigint): this {
    return isWholeNumber(value) ? this.varint(value) : super.int64(value);
  }

  override uint64(value: string | number | bigint): this {
    return isWholeNumber(value) ? this.varint(value) : super.uint64(value);
  }

  private varint(value: number): this {
    if (value <= 0xffffffff) return this.uint32(value);
    // The library's own, which is private there.
    (this as unknown as { writeVarint64(low: number, high: number): void }).writeVarint64(
      value | 0,
      Math.floor(value / 2 ** 32),
    );
    return this;
  }
}

function isTextOf(text: string, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function safe(value: number | bigint | string): number {
  const number = Number(value);
  if (number > Number.MAX_SAFE_INTEGER) throw new Error('Value is larger than Number.MAX_SAFE_INTEGER');
  if (number < Number.MIN_SAFE_INTEGER) throw new Error('Value is smaller than Number.MIN_SAFE_INTEGER');
  return number;
}
