import { existsSync } from 'node:fs';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@watchnext/learning';
import { AnnIndex, loadIndex } from './ann-index';
import { buildIndex } from './build-index';
import { exactSearch, innerProduct, recallAtK } from './exact-search';

const DIMENSIONS = 16;

/** Clustered vectors whose norms differ, as trained ones do. */
function clusteredVectors(count: number, seed: number): Float32Array {
  const random = createRandom(seed);
  const centres = Array.from({ length: 20 }, () => Array.from({ length: DIMENSIONS }, () => random.gaussian()));
  const vectors = new Float32Array(count * DIMENSIONS);
  for (let row = 0; row < count; row++) {
    const centre = centres[random.nextInt(centres.length)]!;
    const norm = Math.exp(0.25 * random.gaussian());
    for (let d = 0; d < DIMENSIONS; d++) vectors[row * DIMENSIONS + d] = norm * (centre[d]! + 0.3 * random.gaussian());
  }
  return vectors;
}

const COUNT = 2000;
const VECTORS = clusteredVectors(COUNT, 1);
const QUERIES = clusteredVectors(40, 2);
const query = (i: number) => QUERIES.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);
const BUILD = { vectors: VECTORS, count: COUNT, dimensions: DIMENSIONS, sampleQueries: QUERIES, sampleCount: 40 };
const PARAMETERS = { dimensions: DIMENSIONS, m: 16, efConstruction: 100, efSearch: 100, radius: 20, recallAt100: 0 };

describe.each(['inner-product', 'augmented-l2'] as const)('an index in %s space', (space) => {
  const index = buildIndex({ ...BUILD, spaces: [space] });

  it('finds nearly what exact search finds, best first, with exact scores', () => {
    let recall = 0;
    for (let i = 0; i < 40; i++) {
      const found = index.search(query(i), 50);
      expect(found.labels).toHaveLength(50);
      expect(found.scores).toEqual(found.scores.toSorted((a, b) => b - a));
      found.labels.forEach((label, n) => {
        expect(found.scores[n]).toBe(innerProduct(query(i), VECTORS, label * DIMENSIONS));
      });
      recall += recallAtK(found, exactSearch(VECTORS, DIMENSIONS, query(i), 50), 50) / 40;
    }
    expect(recall).toBeGreaterThan(0.9);
    expect(index.parameters.recallAt100).toBeGreaterThan(0.9);
  });

  it('gives every vector when k is larger than the count', () => {
    const few = buildIndex({ ...BUILD, vectors: VECTORS.slice(0, 7 * DIMENSIONS), count: 7, spaces: [space] });
    expect(few.search(query(0), 100)).toEqual(exactSearch(VECTORS.slice(0, 7 * DIMENSIONS), DIMENSIONS, query(0), 7));
    expect(few.search(query(0), 0)).toEqual({ labels: [], scores: [] });
  });

  it('is empty when there are no vectors', () => {
    const empty = buildIndex({ ...BUILD, vectors: new Float32Array(0), count: 0, spaces: [space] });
    expect(empty.search(query(0), 10)).toEqual({ labels: [], scores: [] });
    expect(empty.parameters.recallAt100).toBe(1);
  });

  it('refuses a vector, and a query, that is not finite', () => {
    const broken = VECTORS.slice(0, 2 * DIMENSIONS);
    broken[DIMENSIONS + 3] = NaN;
    expect(() => buildIndex({ ...BUILD, vectors: broken, count: 2, spaces: [space] })).toThrow(
      'vector 1 is not finite',
    );
    broken[DIMENSIONS + 3] = Infinity;
    expect(() => buildIndex({ ...BUILD, vectors: broken, count: 2, spaces: [space] })).toThrow(
      'vector 1 is not finite',
    );
    expect(() => index.search(new Float32Array(DIMENSIONS).fill(NaN), 1)).toThrow('the query is not finite');
    expect(() => index.search(new Float32Array(3), 1)).toThrow('3 values where the index has 16 dimensions');
    expect(() => index.search(query(0), -1)).toThrow('k must be a whole number');
  });
});

describe('an augmented index', () => {
  it('counts vectors longer than its radius, and still finds them with exact scores', () => {
    const vectors = VECTORS.slice(0, 100 * DIMENSIONS);
    const index = AnnIndex.build(vectors, 100, { ...PARAMETERS, space: 'augmented-l2', radius: 2 });
    expect(index.clippedCount).toBeGreaterThan(50);
    expect(index.search(query(0), 100)).toEqual(exactSearch(vectors, DIMENSIONS, query(0), 100));
  });

  it('has room for the vectors that it was built from, and for one a little longer', () => {
    const index = buildIndex({ ...BUILD, spaces: ['augmented-l2'] });
    expect(index.clippedCount).toBe(0);
    let largest = 0;
    for (let row = 0; row < COUNT; row++) {
      largest = Math.max(largest, Math.hypot(...VECTORS.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS)));
    }
    expect(index.parameters.radius / largest).toBeCloseTo(1.1, 5);
  });

  it('refuses a radius that is none', () => {
    expect(() => AnnIndex.build(VECTORS, 1, { ...PARAMETERS, space: 'augmented-l2', radius: NaN })).toThrow('radius');
  });
});

describe('saving and loading', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchnext-ann-index-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(['inner-product', 'augmented-l2'] as const)('gives the same labels and scores again (%s)', async (space) => {
    const built = buildIndex({ ...BUILD, spaces: [space] });
    const path = join(folder, `${space}.hnsw`);
    await built.save(path);
    const loaded = await loadIndex(path, built.parameters, COUNT);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 10; i++) expect(loaded.search(query(i), 30)).toEqual(built.search(query(i), 30));
    }
  });

  it('keeps an empty index', async () => {
    const path = join(folder, 'empty.hnsw');
    const built = buildIndex({ ...BUILD, vectors: new Float32Array(0), count: 0 });
    await built.save(path);
    expect((await loadIndex(path, built.parameters, 0)).search(query(0), 3)).toEqual({ labels: [], scores: [] });
  });

  it('refuses a missing file, a cut one, and one of another count', async () => {
    const path = join(folder, 'cut.hnsw');
    const built = buildIndex({ ...BUILD, spaces: ['inner-product'] });
    await built.save(path);
    await expect(loadIndex(path, built.parameters, COUNT - 1)).rejects.toThrow(
      `holds ${COUNT} vectors, not ${COUNT - 1}`,
    );
    await truncate(path, 5000);
    await expect(loadIndex(path, built.parameters, COUNT)).rejects.toThrow('cannot be read');
    await expect(loadIndex(join(folder, 'none'), built.parameters, COUNT)).rejects.toThrow('cannot be read');
    await expect(loadIndex(path, { ...built.parameters, space: 'cosine' }, COUNT)).rejects.toThrow(
      '"cosine" is no space',
    );
  });

  it('notices that it could not write', async () => {
    const path = join(folder, 'no-such-folder', 'index.hnsw');
    await expect(buildIndex({ ...BUILD, spaces: ['inner-product'] }).save(path)).rejects.toThrow('cannot be read');
    expect(existsSync(path)).toBe(false);
  });
});
