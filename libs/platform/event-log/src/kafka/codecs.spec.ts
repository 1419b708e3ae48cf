import fc from 'fast-check';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { compressSync } from 'snappy';
import { decompressSnappy, decompressZstd, registerCodecs } from './codecs';

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

const NAMES = { snappy: CompressionTypes.Snappy, lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD } as const;
const codecOf = (name: keyof typeof NAMES) => (CompressionCodecs as unknown as Record<number, () => Codec>)[NAMES[name]]?.() as Codec;

describe('codecs', () => {
  beforeAll(() => registerCodecs());

  it.each(['snappy', 'lz4', 'zstd'] as const)('%s gives back what it was given', async (name) => {
    const codec = codecOf(name);
    const sizes = [1, 1_000, 70_000, 5_000_000];
    const samples = [...sizes.map((size) => Buffer.alloc(size, 'watchnext ')), ...fc.sample(fc.uint8Array({ minLength: 1 }), { seed: 4, numRuns: 20 })];
    for (const sample of samples) {
      const compressed = await codec.compress({ buffer: Buffer.from(sample) });
      expect(Buffer.from(await codec.decompress(compressed)).equals(Buffer.from(sample))).toBe(true);
    }
  });

  it('snappy reads the blocks of Java’s framing', async () => {
    const blocks = ['first ', 'second ', 'third'].map((text) => compressSync(Buffer.from(text)));
    expect((await decompressSnappy(xerial(blocks))).toString()).toBe('first second third');
    expect(await decompressSnappy(xerial([]))).toHaveLength(0);
  });

  it('snappy rejects broken framing instead of going round in it', async () => {
    const [block] = [compressSync(Buffer.from('text'))];
    const whole = xerial([block as Buffer]);
    await expect(decompressSnappy(whole.subarray(0, whole.length - 1))).rejects.toThrow(RangeError);
    const backwards = xerial([]);
    await expect(decompressSnappy(Buffer.concat([backwards, Buffer.from([0xff, 0xff, 0xff, 0xfc])]))).rejects.toThrow(RangeError);
  });

  it('zstd reads frames that do not state their size, as Java writes them', () => {
    // A frame by hand: magic, a header without content size (window 1 KiB), one last raw block.
    const text = Buffer.from('raw block');
    const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00]);
    const blockHeader = (text.length << 3) | 1;
    const frame = Buffer.concat([header, Buffer.from([blockHeader & 0xff, (blockHeader >> 8) & 0xff, blockHeader >> 16]), text]);
    expect(decompressZstd(frame).toString()).toBe('raw block');
  });

  it('zstd rejects what is no frame', () => {
    expect(() => decompressZstd(Buffer.from('this is no frame at all'))).toThrow();
  });
});

function xerial(blocks: readonly Buffer[]): Buffer {
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const sized = blocks.flatMap((block) => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(block.length);
    return [size, block];
  });
  return Buffer.concat([header, ...sized]);
}
