import { createRandom, initialiseStack, runStack, type DenseStack } from '@watchnext/learning';
import { RANKING_PRECISIONS, type RankingModel, type RankingPrecision } from '@watchnext/ranking-model';
import fc from 'fast-check';
import { encodeOnnx, encodeRanker, encodeRankerOf } from './encode-onnx';
import { RankerStack } from './ranker-stack';

function gaussianRows(seed: number, rowCount: number, inputSize: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: rowCount * inputSize }, () => random.gaussian());
}

function stackOf(sizes: number[], seed: number): DenseStack {
  const random = createRandom(seed);
  const stack = initialiseStack(sizes, random);
  for (const layer of stack) layer.bias.forEach((_, i) => (layer.bias[i] = random.gaussian()));
  return stack;
}

const bits = (values: Float32Array) => new Uint32Array(values.slice().buffer);

/** The rows of one user's candidates, whole. */
function wholeRows(user: Float32Array, videos: Float32Array, rowCount: number): Float32Array {
  const videoSize = videos.length / rowCount;
  return Float32Array.from(
    Array.from({ length: rowCount }, (_, row) => [
      ...user,
      ...videos.subarray(row * videoSize, (row + 1) * videoSize),
    ]).flat(),
  );
}

describe('a ranker with the user apart', () => {
  it('computes what the tower computes on whole rows, whatever its shape', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 });
    const width = fc.integer({ min: 1, max: 20 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        width,
        width,
        fc.integer({ min: 1, max: 9 }),
        fc.nat(1000),
        async (shape, u, v, n, seed) => {
          const stack = stackOf([u + v, ...shape], seed);
          const [user, videos] = [gaussianRows(seed + 1, 1, u), gaussianRows(seed + 2, n, v)];
          const expected = runStack(stack, wholeRows(user, videos, n), n);
          const ranker = await RankerStack.load(encodeRanker(stack, u));
          const actual = await ranker.run(user, videos, n);
          await ranker.close();
          const scale = 1 + Math.max(...expected.map(Math.abs));
          expect(actual.length).toBe(expected.length);
          actual.forEach((value, i) => expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(1e-5));
        },
      ),
      { seed: 7, numRuns: 30 },
    );
  });

  it.each(RANKING_PRECISIONS)(
    'gives a row the same bits in batches of 1 to 500, and with its user beside it in every row, in %s',
    async (precision) => {
      const [u, v] = [150, 183];
      const stack = stackOf([u + v, 256, 128, 1], 5);
      const ranker = await RankerStack.load(encodeRanker(stack, u, precision));
      const [user, videos] = [gaussianRows(3, 1, u), gaussianRows(4, 500, v)];
      const whole = await ranker.run(user, videos, 500);
      for (const size of [1, 2, 3, 5, 16, 31, 64, 199, 499, 500]) {
        for (let from = 0; from + size <= 500; from += Math.max(size, 83)) {
          const part = videos.subarray(from * v, (from + size) * v);
          const expected = bits(whole.slice(from, from + size));
          expect(bits(await ranker.run(user, part, size))).toEqual(expected);
          expect(bits(await ranker.runRows(wholeRows(user, part, size), size))).toEqual(expected);
        }
      }
      // Other users' rows beside it change nothing either.
      const others = gaussianRows(9, 7, u + v);
      others.set(wholeRows(user, videos.subarray(0, v), 1), 3 * (u + v));
      expect(bits(await ranker.runRows(others, 7))[3]).toBe(bits(whole)[0]);
      await ranker.close();
    },
  );

  it('computes about the same with hidden layers of 8 bits, and the same where there is none to make so', async () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(1000), async (shape, seed) => {
        const [u, v, n] = [3, 40, 20];
        const stack = stackOf([u + v, ...shape, 2], seed);
        const [user, videos] = [gaussianRows(seed + 1, 1, u), gaussianRows(seed + 2, n, v)];
        const exact = await RankerStack.load(encodeRanker(stack, u));
        const rounded = await RankerStack.load(encodeRanker(stack, u, 'int8'));
        const [expected, actual] = [await exact.run(user, videos, n), await rounded.run(user, videos, n)];
        await Promise.all([exact.close(), rounded.close()]);
        if (shape.length < 2) expect(bits(actual)).toEqual(bits(expected));
        const scale = Math.max(...expected.map(Math.abs));
        actual.forEach((value, i) => expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(0.1));
      }),
      { seed: 8, numRuns: 30 },
    );
  });

  it("is written in the precision of its model's configuration, float32 where that says nothing", () => {
    const tower = stackOf([7, 4, 4, 1], 1);
    const written = (config: { precision?: RankingPrecision }) =>
      encodeRankerOf({ tower, userSize: 3, config } as unknown as RankingModel);
    expect(written({})).toEqual(encodeRanker(tower, 3));
    expect(written({ precision: 'float32' })).toEqual(encodeRanker(tower, 3));
    expect(written({ precision: 'int8' })).toEqual(encodeRanker(tower, 3, 'int8'));
    expect(written({ precision: 'int8' })).not.toEqual(encodeRanker(tower, 3));
  });

  it('makes of a layer of 8 bits what its formula says, of rows of zeros too', async () => {
    const layer = (
      inputSize: number,
      outputSize: number,
      weights: number[],
      bias: number[],
      activation: 'relu' | 'linear',
    ) => ({
      inputSize,
      outputSize,
      weights: Float32Array.from(weights),
      bias: Float32Array.from(bias),
      activation,
    });
    const stack = [
      layer(3, 2, [0, 0, 1, 0, 0, 1], [0, 0], 'relu'),
      layer(2, 2, [1, 0, 0.5, 0], [0.25, -1], 'relu'),
      layer(2, 1, [1, 1], [0], 'linear'),
    ];
    const ranker = await RankerStack.load(encodeRanker(stack, 1, 'int8'));
    const scores = await ranker.run(new Float32Array(1), Float32Array.of(2, 1, 0, 0, -3, 0), 3);
    // round(2 · 127 / 2) = 127 and round(63.5) = 64 inputs, 127 and round(63.5) = 64 weights.
    const sum = (127 * 127 + 64 * 64) / 127 / 127;
    expect(scores[0]).toBeCloseTo(sum * 2 + 0.25, 5);
    expect([scores[1], scores[2]]).toEqual([0.25, 0.25]);
    await ranker.close();
  });

  it('takes rows from shared memory, of many runs at once, one after the other', async () => {
    const [u, v] = [5, 9];
    const ranker = await RankerStack.load(encodeRanker(stackOf([u + v, 16, 1], 5), u));
    const user = gaussianRows(3, 1, u);
    const own = Array.from({ length: 5 }, (_, run) => gaussianRows(10 + run, 7 - run, v));
    const shared = own.map((rows) => {
      const copy = new Float32Array(new SharedArrayBuffer(rows.byteLength));
      copy.set(rows);
      return copy;
    });
    const results = await Promise.all(shared.map((rows, run) => ranker.run(user, rows, 7 - run)));
    for (const [run, rows] of own.entries()) {
      expect(bits(results[run]!)).toEqual(bits(await ranker.run(user, rows, 7 - run)));
    }
    const parted = ranker.begin(user, shared[0]!);
    parted.advance(3);
    parted.advance(7);
    expect(bits(await parted.logits())).toEqual(bits(results[0]!));
    await parted.end();
    await ranker.close();
  });

  it('tells its sizes, takes longer buffers, and answers no rows with none', async () => {
    const ranker = await RankerStack.load(encodeRanker(stackOf([7, 4, 1], 1), 3));
    expect([ranker.userSize, ranker.videoSize, ranker.inputSize, ranker.outputSize]).toEqual([3, 4, 7, 1]);
    const [user, videos] = [gaussianRows(1, 1, 3), gaussianRows(2, 10, 4)];
    expect(await ranker.run(user, videos, 3)).toEqual((await ranker.run(user, videos, 10)).slice(0, 3));
    expect(await ranker.run(user, videos, 0)).toEqual(new Float32Array(0));
    await ranker.close();
  });

  it('refuses what does not fit, other models, and work after closing', async () => {
    const stack = stackOf([7, 4, 1], 1);
    const ranker = await RankerStack.load(encodeRanker(stack, 3));
    await expect(ranker.run(new Float32Array(2), new Float32Array(4), 1)).rejects.toThrow('2 and 4 values do not hold');
    await expect(ranker.run(new Float32Array(3), new Float32Array(7), 2)).rejects.toThrow(RangeError);
    await expect(ranker.runRows(new Float32Array(13), 2)).rejects.toThrow('2 rows of 7');
    await ranker.close();
    await expect(ranker.run(new Float32Array(3), new Float32Array(4), 1)).rejects.toThrow('closed');
    await expect(RankerStack.load(encodeOnnx(stack))).rejects.toThrow('no float32 matrix "user"');
    for (const userSize of [0, 7, 1.5]) expect(() => encodeRanker(stack, userSize)).toThrow(RangeError);
    expect(() => encodeRanker([], 1)).toThrow(RangeError);
  });
});
