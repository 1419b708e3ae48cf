import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NamedTensor } from '@watchnext/learning';
import fc from 'fast-check';
import { readSafetensorsFile, writeSafetensorsFile } from './safetensors-file';

/** What Python's safetensors 0.8.0 (numpy) wrote for TENSORS. */
const FROM_PYTHON = Buffer.from(
  '38010000000000007b22632e7175616e74696c6573223a7b226474797065223a22463634222c227368617065223a5b335d2c22646174615f6f666673657473223a5b302c32345d7d2c22622e77656967687473223a7b226474797065223a22463332222c227368617065223a5b322c335d2c22646174615f6f666673657473223a5b32342c34385d7d2c227363616c6172223a7b226474797065223a22463332222c227368617065223a5b5d2c22646174615f6f666673657473223a5b34382c35325d7d2c227a6fc3ab223a7b226474797065223a22463332222c227368617065223a5b302c345d2c22646174615f6f666673657473223a5b35322c35325d7d2c22612e696473223a7b226474797065223a22493332222c227368617065223a5b335d2c22646174615f6f666673657473223a5b35322c36345d7d7d202020209a9999999999b93f00000000000000809c7500883ce4377e000000000000803e0000003f0000403f0000803f0000a03f0000e040ffffffff02000000ffffff7f',
  'hex',
);
/** The same for {x: [0, 1]} with metadata {made_by: "python"}. */
const WITH_METADATA = Buffer.from(
  '60000000000000007b225f5f6d657461646174615f5f223a7b226d6164655f6279223a22707974686f6e227d2c2278223a7b226474797065223a22463332222c227368617065223a5b325d2c22646174615f6f666673657473223a5b302c385d7d7d202020202020000000000000803f',
  'hex',
);
const TENSORS = new Map<string, NamedTensor>([
  ['b.weights', { shape: [2, 3], data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25) }],
  ['a.ids', { shape: [3], data: Int32Array.of(-1, 2, 2 ** 31 - 1) }],
  ['c.quantiles', { shape: [3], data: Float64Array.of(0.1, -0, 1e300) }],
  ['zoë', { shape: [0, 4], data: new Float32Array() }],
  ['scalar', { shape: [], data: Float32Array.of(7) }],
]);

/** A file of any header and so many bytes of data. */
function file(header: unknown, dataLength: number): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataLength)]);
}

const byName = (tensors: ReadonlyMap<string, NamedTensor>) =>
  new Map([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)));

describe('safetensors', () => {
  let directory: string;
  let path: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'watchnext-safetensors-'));
    path = join(directory, 'x');
  });
  afterAll(() => rm(directory, { recursive: true }));

  const read = async (bytes: Uint8Array) => {
    await writeFile(path, bytes);
    return readSafetensorsFile(path);
  };

  it('are written byte for byte as the reference implementation writes them', async () => {
    await writeSafetensorsFile(path, TENSORS);
    expect(Buffer.compare(await readFile(path), FROM_PYTHON)).toBe(0);
  });

  it('are read as the reference implementation wrote them, with and without metadata', async () => {
    expect(byName(await read(FROM_PYTHON))).toEqual(byName(TENSORS));
    expect(await read(WITH_METADATA)).toEqual(new Map([['x', { shape: [2], data: Float32Array.of(0, 1) }]]));
  });

  it('keep every bit, not-a-number too, of arrays that are parts of others', async () => {
    const bits = Uint32Array.of(0x7fc00001, 0xffc12345, 0x80000000, 1);
    const part = new Float32Array(bits.buffer).subarray(1, 3);
    await writeSafetensorsFile(path, new Map([['x', { shape: [2], data: part }]]));
    const data = (await readSafetensorsFile(path)).get('x')?.data as Float32Array;
    expect([...new Uint32Array(data.slice().buffer)]).toEqual([0xffc12345, 0x80000000]);
  });

  it('come back as they were, whatever they are', async () => {
    const array = fc.oneof(
      fc.float32Array({ maxLength: 12 }),
      fc.float64Array({ maxLength: 12 }),
      fc.int32Array({ maxLength: 12 }),
    );
    const tensor = array.map((data) => ({ shape: [data.length], data }));
    const name = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => text !== '__metadata__');
    const tensors = fc
      .array(fc.tuple(name, tensor), { maxLength: 6 })
      .map((entries) => new Map<string, NamedTensor>(entries));
    await fc.assert(
      fc.asyncProperty(tensors, async (given) => {
        await writeSafetensorsFile(path, given);
        expect(byName(await readSafetensorsFile(path))).toEqual(byName(given));
      }),
      { seed: 23, numRuns: 60 },
    );
  });

  it('cannot be made of a tensor whose shape is not its length', async () => {
    const tensor = { shape: [2, 2], data: new Float32Array(3) };
    await expect(writeSafetensorsFile(path, new Map([['x', tensor]]))).rejects.toThrow(
      new RangeError('tensor x has 3 elements, its shape [2, 2] says otherwise'),
    );
  });

  const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  });
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(), /shorter than/],
    ['a header longer than the file', Buffer.from('ffffffffffffff7f', 'hex'), /a header of 9223372036854775807 bytes/],
    ['no JSON', file('{', 0), /not JSON/],
    ['a list', file([], 0), /not an object/],
    ['an unknown type', file({ x: { dtype: 'BF16', shape: [1], data_offsets: [0, 2] } }, 2), /type BF16/],
    ['a negative size', file({ x: f32(0, 4, [-1]) }, 4), /no proper shape/],
    ['a shape that is not its bytes', file({ x: f32(0, 8, [3]) }, 8), /has 8 bytes/],
    ['a gap', file({ x: f32(0, 4), y: f32(8, 12) }, 12), /leaves a gap/],
    ['an overlap', file({ x: f32(0, 8), y: f32(4, 12) }, 12), /overlaps/],
    ['data that is cut short', file({ x: f32(0, 8) }, 7), /7 bytes of data/],
    ['data that nothing describes', file({ x: f32(0, 8) }, 9), /9 bytes of data/],
  ])('are refused with %s', async (_name, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
  });

  it('are refused when their file is cut anywhere', async () => {
    for (let length = FROM_PYTHON.length - 1; length >= 0; length -= 37) {
      await writeFile(path, FROM_PYTHON);
      await truncate(path, length);
      await expect(readSafetensorsFile(path)).rejects.toMatchObject({ code: 'safetensors' });
    }
  });
});
