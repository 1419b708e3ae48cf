import { createRandom } from '@watchnext/learning';
import { buildIndex } from './build-index';

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

function buildOf(spread: number, seed: number, more: object = {}) {
  return buildIndex({
    vectors: gaussianVectors(COUNT, DIMENSIONS, spread, seed),
    count: COUNT,
    dimensions: DIMENSIONS,
    sampleQueries: gaussianVectors(30, DIMENSIONS, 0, seed + 1),
    sampleCount: 30,
    ...more,
  });
}

describe('buildIndex', () => {
  it('keeps the space of better recall, however fast the other is', () => {
    // Norms as uneven as these crowd the augmented sphere's pole, where L2 has nothing to tell vectors apart by.
    const options = { efSearch: 100, efConstruction: 60, m: 6 };
    const inner = buildOf(1.2, 5, { ...options, spaces: ['inner-product'] });
    const augmented = buildOf(1.2, 5, { ...options, spaces: ['augmented-l2'] });
    expect(Math.abs(inner.parameters.recallAt100 - augmented.parameters.recallAt100)).toBeGreaterThan(0.01);
    const better = inner.parameters.recallAt100 > augmented.parameters.recallAt100 ? inner : augmented;
    for (const clock of [clockOf(1, 1000), clockOf(1000, 1)]) {
      expect(buildOf(1.2, 5, { ...options, clock }).parameters).toEqual(better.parameters);
    }
  });

  it('keeps the faster space where recalls are equal', () => {
    const options = { efSearch: 1500 };
    expect(buildOf(0.1, 5, { ...options, clock: clockOf(1, 9) }).parameters.space).toBe('inner-product');
    expect(buildOf(0.1, 5, { ...options, clock: clockOf(9, 1) }).parameters.space).toBe('augmented-l2');
  });

  it('searches as broadly as the target recall needs, unless told how broadly', () => {
    const options = { m: 6, efConstruction: 40, spaces: ['augmented-l2'] };
    const wanting = buildOf(0.2, 7, { ...options, targetRecall: 0.1 });
    const demanding = buildOf(0.2, 7, { ...options, targetRecall: 0.999 });
    expect(wanting.parameters.efSearch).toBe(100);
    expect(demanding.parameters.efSearch).toBeGreaterThan(100);
    expect(demanding.parameters.recallAt100).toBeGreaterThan(wanting.parameters.recallAt100);
    expect(buildOf(0.2, 7, { ...options, efSearch: 333 }).parameters.efSearch).toBe(333);
  });

  it('measures with the vectors themselves when there are no sample queries', () => {
    const index = buildOf(0.2, 3, { sampleQueries: new Float32Array(0), sampleCount: 0 });
    expect(index.parameters.recallAt100).toBeGreaterThan(0.9);
    expect(index.parameters.recallAt100).toBeLessThanOrEqual(1);
  });

  it('gives the same index for the same vectors', () => {
    const query = gaussianVectors(1, DIMENSIONS, 0, 99);
    const options = { spaces: ['augmented-l2'], efConstruction: 60 };
    expect(buildOf(0.2, 3, options).search(query, 50)).toEqual(buildOf(0.2, 3, options).search(query, 50));
  });

  it('copes with vectors that are all zero', () => {
    const index = buildIndex({
      vectors: new Float32Array(40),
      count: 10,
      dimensions: 4,
      sampleQueries: new Float32Array(0),
      sampleCount: 0,
    });
    expect(index.search(Float32Array.of(1, 2, 3, 4), 3).scores).toEqual([0, 0, 0]);
  });

  it('refuses arrays that do not fit the counts', () => {
    expect(() => buildOf(0, 1, { count: COUNT + 1 })).toThrow(
      'vectors has 72000 values where 3001 rows of 24 have 72024',
    );
    expect(() => buildOf(0, 1, { sampleCount: 1 })).toThrow('sampleQueries has 720 values');
    expect(() => buildOf(0, 1, { spaces: [] })).toThrow('no space');
  });
});
