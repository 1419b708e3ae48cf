import { BinaryReader as LibraryReader, BinaryWriter as LibraryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { BinaryReader, BinaryWriter } from './wire';

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  // Few of them, so that the same place is asked for again.
  fc.integer({ min: 0, max: 9 }).map((n) => `topic-${n}`),
  fc.string({ minLength: 31, maxLength: 34, unit: fc.constantFrom('a', 'b') }),
);
const safeInteger = fc.oneof(
  fc.maxSafeInteger(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 127, 128, 2 ** 28, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 49, 2 ** 53 - 1, -1, -(2 ** 53) + 1),
);

describe('the reader of messages', () => {
  it('reads the texts that the library wrote', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 30 }), (texts) => {
        const writer = new LibraryWriter();
        for (const each of texts) writer.string(each);
        const reader = new BinaryReader(writer.finish());
        // A lone surrogate is written as U+FFFD.
        expect(texts.map(() => reader.string())).toEqual(texts.map((each) => Buffer.from(each).toString()));
        expect(reader.pos).toBe(reader.len);
      }),
    );
  });

  it('reads any bytes as the library does, those that are not UTF-8 and a byte-order mark too', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.uint8Array({ maxLength: 5 }).map((rest) => Uint8Array.of(0xef, 0xbb, 0xbf, ...rest)),
        ),
        fc.nat(3),
        (bytes, offset) => {
          const message = new LibraryWriter().bytes(bytes).finish();
          const within = new Uint8Array(message.length + offset + 2);
          within.set(message, offset);
          const view = within.subarray(offset, offset + message.length);
          expect(new BinaryReader(view).string()).toBe(new LibraryReader(view).string());
        },
      ),
    );
  });

  it('takes no text that it keeps for another', () => {
    const texts = Array.from({ length: 20_000 }, (_, n) => `video-${n % 9_000}`);
    const writer = new LibraryWriter();
    for (const each of texts) writer.string(each);
    const reader = new BinaryReader(writer.finish());
    expect(texts.map(() => reader.string())).toEqual(texts);
  });

  it('reads integers as exact numbers', () => {
    fc.assert(
      fc.property(fc.array(safeInteger), (integers) => {
        const writer = new LibraryWriter();
        for (const each of integers) writer.int64(each).uint64(Math.abs(each)).fixed64(Math.abs(each));
        const reader = new BinaryReader(writer.finish());
        for (const each of integers) {
          expect([reader.int64Number(), reader.uint64Number(), reader.fixed64Number()]).toEqual([
            each + 0,
            Math.abs(each),
            Math.abs(each),
          ]);
        }
        expect(reader.pos).toBe(reader.len);
      }),
    );
  });

  it.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 56n - 1n, 2n ** 56n, 2n ** 63n - 1n])(
    'refuses %d, which no number holds',
    (value) => {
      const message = () => new BinaryReader(new LibraryWriter().int64(value).finish());
      expect(() => message().int64Number()).toThrow('larger than Number.MAX_SAFE_INTEGER');
      expect(() => message().uint64Number()).toThrow('larger than Number.MAX_SAFE_INTEGER');
      const fixed = new BinaryReader(new LibraryWriter().fixed64(value).finish());
      expect(() => fixed.fixed64Number()).toThrow('larger than Number.MAX_SAFE_INTEGER');
    },
  );

  it.each([-(2n ** 53n), -(2n ** 63n)])('refuses %d, which no number holds', (value) => {
    const reader = new BinaryReader(new LibraryWriter().int64(value).finish());
    expect(() => reader.int64Number()).toThrow('smaller than Number.MIN_SAFE_INTEGER');
  });

  it.each([
    ['a short text', new LibraryWriter().string('cats').finish(), (reader: BinaryReader) => reader.string()],
    ['a long text', new LibraryWriter().string('cats'.repeat(20)).finish(), (reader: BinaryReader) => reader.string()],
    [
      'an integer',
      new LibraryWriter().int64(1_790_000_000_000).finish(),
      (reader: BinaryReader) => reader.int64Number(),
    ],
    ['a negative integer', new LibraryWriter().int64(-5).finish(), (reader: BinaryReader) => reader.int64Number()],
    ['a fixed integer', new LibraryWriter().fixed64(5).finish(), (reader: BinaryReader) => reader.fixed64Number()],
  ])('refuses %s that ends early, wherever it ends', (_, message, read) => {
    for (let length = 0; length < message.length; length++) {
      // What stands behind the message in memory is none of its.
      const cut = Buffer.concat([message, Buffer.alloc(16, 1)]).subarray(0, length);
      expect(() => read(new BinaryReader(cut))).toThrow(RangeError);
    }
  });
});

describe('the writer of messages', () => {
  it('writes integers as the library does', () => {
    fc.assert(
      fc.property(fc.array(safeInteger), (integers) => {
        const [ours, theirs] = [new BinaryWriter(), new LibraryWriter()];
        for (const each of integers) {
          ours.int64(each).uint64(Math.abs(each));
          theirs.int64(each).uint64(Math.abs(each));
        }
        expect(ours.finish()).toEqual(theirs.finish());
      }),
    );
  });

  it.each([1.5, NaN, Infinity, 2 ** 63])('refuses %d as the library does', (value) => {
    expect(() => new BinaryWriter().int64(value)).toThrow();
    expect(() => new BinaryWriter().uint64(value === 2 ** 63 ? 2 ** 64 : value)).toThrow();
  });

  it('writes messages of any size as the library does, several at a time and one after the other', () => {
    type Step = { writer: number; text: string; number: number };
    const step = fc.record({
      writer: fc.nat(2),
      text: fc.oneof(text, fc.string({ minLength: 200, maxLength: 3_000 })),
      number: fc.double(),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(step, fc.nat(2)), { maxLength: 30 }), (steps) => {
        const ours = [0, 1, 2].map(() => new BinaryWriter());
        const theirs = [0, 1, 2].map(() => new LibraryWriter());
        const write = (writer: LibraryWriter, { text: written, number }: Step) =>
          writer.uint32(10).fork().string(written).double(number).join();
        const kept: [Uint8Array, Uint8Array][] = [];
        const end = (writer: number) => kept.push([ours[writer]!.finish(), theirs[writer]!.finish()]);
        for (const one of steps) {
          if (typeof one === 'number') {
            end(one);
            // A writer may go on after its end, too.
            if (one === 0) [ours[0], theirs[0]] = [new BinaryWriter(), new LibraryWriter()];
          } else {
            write(ours[one.writer]!, one);
            write(theirs[one.writer]!, one);
          }
        }
        [0, 1, 2].forEach(end);
        // Looked at in the end: what a later message writes must not change an earlier one.
        for (const [mine, library] of kept) expect(Buffer.from(mine).equals(library)).toBe(true);
      }),
    );
  });

  it('keeps no room for a message of many megabytes', () => {
    new BinaryWriter().string('x'.repeat(2 ** 21)).finish();
    const next = new BinaryWriter();
    next.uint32(1);
    expect((next as unknown as { buffer: Uint8Array }).buffer.length).toBeLessThanOrEqual(2 ** 20);
  });
});
