import { createRandom } from '@watchnext/learning';
import { buildIndex, buildOnThisThread, type GraphBuilder } from './build-index';

/** Rows of independent normals, each stretched by exp(spread · normal). */
function gaussianVectors(count: number, dimensions: number, spread: number, seed: number): Float32Array {
  const random = createRandom(seed);
  const vectors = new Float32Array(count * dimensions);
  for (let row = 0; row < count; row++) {
    const norm = Math.exp(spread * random.gaussian());
    for (let d = 0; d < dimensions; d++) vectors[row * dimensions + d] = norm * random.gaussian();
  }
  return vectors;
}

/** A clock that says each measurement in turn took as long as told. */
function clockOf(...durationsMs: number[]): () => number {
  let now = 0;
  let readings = 0;
  return () => (readings++ % 2 === 0 ? now : (now += durationsMs.shift()!));
}

const DIMENSIONS = 24;
const COUNT = 3000;

function buildOf(spread: number, seed: number, more: object = {}, builder?: GraphBuilder) {
  const options = {
    vectors: gaussianVectors(COUNT, DIMENSIONS, spread, seed),
    count: COUNT,
    dimensions: DIMENSIONS,
    sampleQueries: gaussianVectors(30, DIMENSIONS, 0, seed + 1),
    sampleCount: 30,
    ...more,
  };
  return buildIndex(options, builder);
}

describe('buildIndex', () => {
  it('keeps the space of better recall, however fast the other is', async () => {
    // Norms as uneven as these crowd the augmented sphere's pole, where L2 has nothing to tell vectors apart by.
    const options = { efSearch: 100, efConstruction: 60, m: 6 };
    const inner = await buildOf(1.2, 5, { ...options, spaces: ['inner-product'] });
    const augmented = await buildOf(1.2, 5, { ...options, spaces: ['augmented-l2'] });
    expect(Math.abs(inner.parameters.recallAt100 - augmented.parameters.recallAt100)).toBeGreaterThan(0.01);
    const better = inner.parameters.recallAt100 > augmented.parameters.recallAt100 ? inner : augmented;
    for (const clock of [clockOf(1, 1000), clockOf(1000, 1)]) {
      expect((await buildOf(1.2, 5, { ...options, clock })).parameters).toEqual(better.parameters);
    }
  });

  it('keeps the faster space where recalls are equal', async () => {
    const options = { efSearch: 1500 };
    const spaceOf = async (...durationsMs: number[]) =>
      (await buildOf(0.1, 5, { ...options, clock: clockOf(...durationsMs) })).parameters.space;
    expect(await spaceOf(1, 9)).toBe('inner-product');
    expect(await spaceOf(9, 1)).toBe('augmented-l2');
  });

  it.each([
    ['inner-product', { 'inner-product': 100, 'augmented-l2': 600 }],
    ['augmented-l2', { 'inner-product': 600, 'augmented-l2': 100 }],
  ])(
    'keeps the space that need be searched less broadly where recalls are equal, whatever the clock: %s',
    async (space, efNeeded) => {
      const released: string[] = [];
      const builder: GraphBuilder = {
        build: async (_vectors, parameters) => ({
          // All of it from the breadth on that the space needs, and nothing before.
          searchSamples: async (ef) => [
            { labels: [0], scores: [ef >= efNeeded[parameters.space as keyof typeof efNeeded] ? 1 : 0] },
          ],
          save: async () => undefined,
          release: async () => void released.push(parameters.space),
        }),
        exact: async () => [{ labels: [0], scores: [1] }],
      };
      const one = {
        vectors: Float32Array.of(1),
        count: 1,
        dimensions: 1,
        sampleQueries: Float32Array.of(1),
        sampleCount: 1,
      };
      for (const clock of [
        () => 0,
        clockOf(...Array<number>(20).fill(1)),
        clockOf(...Array.from({ length: 20 }, (_, i) => 20 - i)),
      ]) {
        released.length = 0;
        const { parameters } = await buildIndex({ ...one, clock }, builder);
        expect(parameters).toMatchObject({ space, efSearch: 100, recallAt100: 1 });
        expect(released).toEqual([space === 'inner-product' ? 'augmented-l2' : 'inner-product']);
      }
    },
  );

  it('searches as broadly as the target recall needs, unless told how broadly', async () => {
    const options = { m: 6, efConstruction: 40, spaces: ['augmented-l2'] };
    const wanting = await buildOf(0.2, 7, { ...options, targetRecall: 0.1 });
    const demanding = await buildOf(0.2, 7, { ...options, targetRecall: 0.999 });
    expect(wanting.parameters.efSearch).toBe(100);
    expect(demanding.parameters.efSearch).toBeGreaterThan(100);
    expect(demanding.parameters.recallAt100).toBeGreaterThan(wanting.parameters.recallAt100);
    // A shard that is asked for 70 of the 100 may be searched less broadly.
    const spread = await buildOf(0.2, 7, { ...options, targetRecall: 0.1, shardCount: 2 });
    expect(spread.parameters.efSearch).toBe(70);
    expect((await buildOf(0.2, 7, { ...options, efSearch: 333 })).parameters.efSearch).toBe(333);
  });

  it('measures with the vectors themselves when there are no sample queries', async () => {
    const { parameters } = await buildOf(0.2, 3, { sampleQueries: new Float32Array(0), sampleCount: 0 });
    expect(parameters.recallAt100).toBeGreaterThan(0.9);
    expect(parameters.recallAt100).toBeLessThanOrEqual(1);
  });

  it('gives the same index for the same vectors', async () => {
    const options = { spaces: ['augmented-l2'], efConstruction: 60, efSearch: 60 };
    const measure = async () => (await buildOf(0.2, 3, options)).parameters;
    expect(await measure()).toEqual(await measure());
  });

  it('builds as many shards as it is told, and measures them together', async () => {
    const whole = await buildOf(0.2, 7, { efSearch: 100, m: 6, spaces: ['augmented-l2'] });
    const spread = await buildOf(0.2, 7, { efSearch: 100, m: 6, spaces: ['augmented-l2'], shardCount: 4 });
    expect(spread.parameters.shardCount).toBe(4);
    // Four graphs searched as broadly as one find more.
    expect(spread.parameters.recallAt100).toBeGreaterThan(whole.parameters.recallAt100);
    await expect(buildOf(0, 1, { shardCount: 0 })).rejects.toThrow('an index of 0 shards');
  });

  it('frees the graphs that it does not keep', async () => {
    const released: string[] = [];
    const builder: GraphBuilder = {
      ...buildOnThisThread,
      build: async (vectors, parameters, queries, onProgress) => ({
        ...(await buildOnThisThread.build(vectors, parameters, queries, onProgress)),
        release: async () => void released.push(parameters.space),
      }),
    };
    const { parameters, release } = await buildOf(0.1, 5, { efSearch: 1500, clock: clockOf(1, 9) }, builder);
    expect([parameters.space, released]).toEqual(['inner-product', ['augmented-l2']]);
    await release();
    expect(released).toEqual(['augmented-l2', 'inner-product']);
  });

  it('compares the spaces of many vectors on a sample, and builds the better one whole', async () => {
    const built: [string, number][] = [];
    // As if graphs found everything in one space and nothing in the other: only who is built with what counts here.
    const builder: GraphBuilder = {
      async build(vectors, { space }) {
        built.push([space, vectors.length]);
        const found = { labels: [0], scores: [space === 'augmented-l2' ? 1 : 0] };
        return { searchSamples: async () => [found], save: async () => undefined, release: async () => undefined };
      },
      exact: async () => [{ labels: [0], scores: [1] }],
    };
    const many = { vectors: new Float32Array(100_001), count: 100_001, dimensions: 1 };
    const sample = { sampleQueries: Float32Array.of(1), sampleCount: 1 };
    const { parameters } = await buildIndex({ ...many, ...sample }, builder);
    expect(built).toEqual([
      ['inner-product', 50_000],
      ['augmented-l2', 50_000],
      ['augmented-l2', 100_001],
    ]);
    expect(parameters).toMatchObject({ space: 'augmented-l2', recallAt100: 1, m: 16 });
  });

  it('gives more edges to the vectors of a large catalogue, wherever they are not told', async () => {
    const built: number[] = [];
    const builder: GraphBuilder = {
      async build(_, { m }) {
        built.push(m);
        const searchSamples = async () => [{ labels: [0], scores: [1] }];
        return { searchSamples, save: async () => undefined, release: async () => undefined };
      },
      exact: async () => [{ labels: [0], scores: [1] }],
    };
    const mOf = async (count: number, more = {}) => {
      const sample = { sampleQueries: Float32Array.of(1), sampleCount: 1 };
      const options = { vectors: new Float32Array(count), count, dimensions: 1, ...sample, ...more };
      return (await buildIndex(options, builder)).parameters.m;
    };
    expect(await mOf(200_000)).toBe(16);
    built.length = 0;
    expect(await mOf(200_001)).toBe(32);
    // The sample that chooses the space is built as the whole is.
    expect(new Set(built)).toEqual(new Set([32]));
    expect(await mOf(200_001, { m: 48 })).toBe(48);
  });

  it('copes with vectors that are all zero', async () => {
    const { parameters } = await buildIndex({
      vectors: new Float32Array(40),
      count: 10,
      dimensions: 4,
      sampleQueries: new Float32Array(0),
      sampleCount: 0,
    });
    expect(parameters).toMatchObject({ recallAt100: 1 });
  });

  it('refuses arrays that do not fit the counts', async () => {
    await expect(buildOf(0, 1, { count: COUNT + 1 })).rejects.toThrow(
      'vectors has 72000 values where 3001 rows of 24 have 72024',
    );
    await expect(buildOf(0, 1, { sampleCount: 1 })).rejects.toThrow('sampleQueries has 720 values');
    await expect(buildOf(0, 1, { spaces: [] })).rejects.toThrow('no space');
  });
});
