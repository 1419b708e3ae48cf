import { existsSync } from 'node:fs';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@watchnext/learning';
import fc from 'fast-check';
import { AnnIndex } from './ann-index';
import { meanRecall } from './build-index';
import { exactSearch, innerProduct, mergeResults, recallAtK, type SearchResult } from './exact-search';
import { radiusFor, type Space } from './space';
import { VectorRows } from './vector-rows';

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
const ROWS = new VectorRows(VECTORS, DIMENSIONS);
const rowsOf = (count: number) => new VectorRows(VECTORS.slice(0, count * DIMENSIONS), DIMENSIONS);
const parametersOf = (space: Space, radius = radiusFor(VECTORS, DIMENSIONS)) => ({
  space,
  dimensions: DIMENSIONS,
  m: 16,
  efConstruction: 150,
  efSearch: 300,
  radius: space === 'augmented-l2' ? radius : 0,
  recallAt100: 0,
  shardCount: 1,
});

/** Each score is the exact one but for what sums in float32, in any order, may be off by. */
function expectScoresWithinRounding({ labels, scores }: SearchResult, query: Float32Array): void {
  const magnitudes = query.map(Math.abs);
  const off = labels.filter((label, n) => {
    const row = VECTORS.subarray(label * DIMENSIONS, (label + 1) * DIMENSIONS);
    const rounding = (DIMENSIONS + 2) * 2 ** -24 * innerProduct(magnitudes, row.map(Math.abs), 0);
    return !(Math.abs(scores[n]! - innerProduct(query, row, 0)) <= rounding);
  });
  expect(off).toEqual([]);
}

describe.each(['inner-product', 'augmented-l2'] as const)('an index in %s space', (space) => {
  const index = AnnIndex.build(ROWS, parametersOf(space));

  it('finds nearly what exact search finds, best first, with scores that are exact but for rounding', () => {
    let recall = 0;
    for (let i = 0; i < 40; i++) {
      const found = index.search(query(i), 50);
      expect(found.labels).toHaveLength(50);
      expect(found.scores).toEqual(found.scores.toSorted((a, b) => b - a));
      expectScoresWithinRounding(found, query(i));
      const exact = exactSearch(VECTORS, DIMENSIONS, query(i), 50);
      recall += recallAtK(ROWS.rescored(query(i), found), exact, 50) / 40;
    }
    expect(recall).toBeGreaterThan(0.9);
  });

  it('keeps the digits of a score however long the query is', () => {
    const rows = rowsOf(60);
    const few = AnnIndex.build(rows, parametersOf(space));
    fc.assert(
      fc.property(fc.integer({ min: -90, max: 90 }), fc.nat(39), (exponent, i) => {
        const long = query(i).map((value) => value * 2 ** exponent);
        const found = few.search(long, 60);
        expect(found.labels).toHaveLength(60);
        expectScoresWithinRounding(found, long);
      }),
      { seed: 5, numRuns: 100 },
    );
    expect(few.search(new Float32Array(DIMENSIONS), 60).scores).toEqual(new Array(60).fill(0));
  });

  it('orders equal vectors by label, with the same score', () => {
    const one = VECTORS.slice(0, DIMENSIONS);
    const rows = new VectorRows(
      Float32Array.from({ length: 9 * DIMENSIONS }, (_, i) => one[i % DIMENSIONS]!),
      DIMENSIONS,
    );
    const { labels, scores } = AnnIndex.build(rows, parametersOf(space)).search(query(0), 9);
    expect(labels).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(new Set(scores).size).toBe(1);
  });

  it('gives every vector when k is larger than the count', () => {
    const few = AnnIndex.build(rowsOf(7), parametersOf(space));
    const exact = exactSearch(VECTORS.slice(0, 7 * DIMENSIONS), DIMENSIONS, query(0), 7);
    expect(few.rows.rescored(query(0), few.search(query(0), 100))).toEqual(exact);
    expect(few.search(query(0), 0)).toEqual({ labels: [], scores: [] });
  });

  it('is empty when there are no vectors', () => {
    const empty = AnnIndex.build(rowsOf(0), parametersOf(space));
    expect(empty.search(query(0), 10)).toEqual({ labels: [], scores: [] });
  });

  it('refuses a vector, and a query, that is not finite', () => {
    const broken = VECTORS.slice(0, 2 * DIMENSIONS);
    broken[DIMENSIONS + 3] = NaN;
    expect(() => AnnIndex.build(new VectorRows(broken, DIMENSIONS), parametersOf(space))).toThrow(
      'vector 1 is not finite',
    );
    broken[DIMENSIONS + 3] = Infinity;
    expect(() => AnnIndex.build(new VectorRows(broken, DIMENSIONS), parametersOf(space))).toThrow(
      'vector 1 is not finite',
    );
    expect(() => index.search(new Float32Array(DIMENSIONS).fill(NaN), 1)).toThrow('the query is not finite');
    expect(() => index.search(new Float32Array(3), 1)).toThrow('3 values where the index has 16 dimensions');
    expect(() => index.search(query(0), -1)).toThrow('k must be a whole number');
  });
});

describe.each(['inner-product', 'augmented-l2'] as const)('vectors that come in later, in %s space', (space) => {
  const added = clusteredVectors(600, 3);
  const rows = new VectorRows(VECTORS, DIMENSIONS, added);
  const index = AnnIndex.build(rows, parametersOf(space));
  for (let label = COUNT; label < COUNT + 600; label++) index.insert(label);

  it('are found as those built in are, beyond the room that there was', () => {
    expect(index.count).toBe(COUNT + 600);
    let recall = 0;
    let addedCount = 0;
    for (let i = 0; i < 40; i++) {
      const exact = rows.exactSearch(query(i), 50, { count: COUNT + 600 });
      const found = index.search(query(i), 50);
      addedCount += found.labels.filter((label) => label >= COUNT).length;
      recall += recallAtK(rows.rescored(query(i), found), exact, 50) / 40;
    }
    expect(addedCount).toBeGreaterThan(100);
    expect(recall).toBeGreaterThan(0.9);
  });

  it('are refused where they are not finite, and leave the index as it was', () => {
    const broken = new VectorRows(VECTORS, DIMENSIONS, new Float32Array(DIMENSIONS).fill(NaN));
    const fresh = AnnIndex.build(broken, parametersOf(space));
    expect(() => fresh.insert(COUNT)).toThrow('is not finite');
    expect(fresh.count).toBe(COUNT);
  });
});

describe('shards', () => {
  it('hold every vector once, and find together what one index finds', () => {
    const shards = [0, 1, 2].map((shard) =>
      AnnIndex.build(ROWS, parametersOf('augmented-l2'), { shard, shardCount: 3 }),
    );
    expect(shards.reduce((sum, shard) => sum + shard.count, 0)).toBe(COUNT);
    let recall = 0;
    for (let i = 0; i < 40; i++) {
      const results = shards.map((shard) => shard.search(query(i), 50));
      results.forEach(({ labels }, shard) => expect(labels.every((label) => label % 3 === shard)).toBe(true));
      const found = ROWS.rescored(query(i), mergeResults(results, 50));
      recall += recallAtK(found, exactSearch(VECTORS, DIMENSIONS, query(i), 50), 50) / 40;
    }
    expect(recall).toBeGreaterThan(0.95);
  });
});

describe('an augmented index', () => {
  it('counts vectors longer than its radius, and still finds them with their scores', () => {
    const vectors = VECTORS.slice(0, 100 * DIMENSIONS);
    const index = AnnIndex.build(rowsOf(100), parametersOf('augmented-l2', 2));
    expect(index.clippedCount).toBeGreaterThan(50);
    const found = index.search(query(0), 100);
    expectScoresWithinRounding(found, query(0));
    expect(index.rows.rescored(query(0), found)).toEqual(exactSearch(vectors, DIMENSIONS, query(0), 100));
  });

  it('has room for the vectors that it was built from, and for one a little longer', () => {
    expect(AnnIndex.build(ROWS, parametersOf('augmented-l2')).clippedCount).toBe(0);
    expect(radiusFor(VECTORS, DIMENSIONS) / ROWS.largestNorm).toBeCloseTo(1.1, 5);
  });

  it('finds what is long where nothing else leads to it', () => {
    const random = createRandom(5);
    const dimensions = 24;
    const vectors = Float32Array.from({ length: 4_000 * dimensions }, () => random.gaussian());
    for (let from = 0; from < vectors.length; from += dimensions) {
      const stretch = Math.exp(0.5 * random.gaussian());
      for (let i = from; i < from + dimensions; i++) vectors[i]! *= stretch;
    }
    const rows = new VectorRows(vectors, dimensions);
    const radius = radiusFor(vectors, dimensions);
    const parameters = { ...parametersOf('augmented-l2', radius), dimensions, efConstruction: 100, efSearch: 100 };
    const index = AnnIndex.build(rows, parameters);
    const queries = Array.from({ length: 50 }, () =>
      Float32Array.from({ length: dimensions }, () => random.gaussian()),
    );
    const found = queries.map((one) => rows.rescored(one, index.search(one, 100)));
    const exact = queries.map((one) => rows.exactSearch(one, 100));
    // In the order of labels it was 0.29.
    expect(meanRecall(found, exact)).toBeGreaterThan(0.95);
  });

  it('refuses a radius that is none', () => {
    expect(() => AnnIndex.build(ROWS, parametersOf('augmented-l2', NaN))).toThrow('radius');
  });
});

describe('saving and loading', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchnext-ann-index-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(['inner-product', 'augmented-l2'] as const)('gives the same labels and scores again (%s)', async (space) => {
    const built = AnnIndex.build(ROWS, parametersOf(space));
    const path = join(folder, `${space}.hnsw`);
    await built.save(path);
    const loaded = await AnnIndex.load(path, built.parameters, ROWS);
    for (let i = 0; i < 10; i++) expect(loaded.search(query(i), 30)).toEqual(built.search(query(i), 30));
  });

  it('keeps an empty index', async () => {
    const path = join(folder, 'empty.hnsw');
    const built = AnnIndex.build(rowsOf(0), parametersOf('augmented-l2', 1));
    await built.save(path);
    const loaded = await AnnIndex.load(path, built.parameters, rowsOf(0));
    expect(loaded.search(query(0), 3)).toEqual({ labels: [], scores: [] });
  });

  it('refuses a missing file, a cut one, one of another count, and one of other dimensions', async () => {
    const path = join(folder, 'cut.hnsw');
    const { parameters } = AnnIndex.build(ROWS, parametersOf('inner-product'));
    await AnnIndex.build(ROWS, parameters).save(path);
    await expect(AnnIndex.load(path, parameters, rowsOf(COUNT - 1))).rejects.toThrow(
      `holds ${COUNT} vectors, not ${COUNT - 1}`,
    );
    await expect(AnnIndex.load(path, { ...parameters, dimensions: 8 }, ROWS)).rejects.toThrow('16 dimensions');
    await truncate(path, 5000);
    await expect(AnnIndex.load(path, parameters, ROWS)).rejects.toThrow('cannot be read');
    await expect(AnnIndex.load(join(folder, 'none'), parameters, ROWS)).rejects.toThrow('cannot be read');
    await expect(AnnIndex.load(path, { ...parameters, space: 'cosine' }, ROWS)).rejects.toThrow('"cosine" is no space');
  });

  it('notices that it could not write', async () => {
    const path = join(folder, 'no-such-folder', 'index.hnsw');
    await expect(AnnIndex.build(rowsOf(50), parametersOf('inner-product')).save(path)).rejects.toThrow(
      'cannot be read',
    );
    expect(existsSync(path)).toBe(false);
  });
});
