import { createRandom } from '@watchnext/learning';
import fc from 'fast-check';
import { FIRST_VECTORS, insertionOrder } from './insertion-order';
import { shardSize, VectorRows, WHOLE } from './vector-rows';

const DIMENSIONS = 9;
const CLUSTERS = 40;
const COUNT = 24_000;
/** A quarter of them is fewer than go in first at least: the longest, and a sample of the others. */
const FIRST = 10_000;
const LONGEST = FIRST / 2;
const AUGMENTED = FIRST_VECTORS['augmented-l2'];

/** Vectors of the cluster that `clusterOf` tells for each row. */
function clustered(count: number, clusterOf: (row: number) => number): VectorRows {
  const random = createRandom(7);
  const centres = Float64Array.from({ length: CLUSTERS * DIMENSIONS }, () => random.gaussian());
  const vectors = Float32Array.from(
    { length: count * DIMENSIONS },
    (_, i) => centres[clusterOf(Math.floor(i / DIMENSIONS)) * DIMENSIONS + (i % DIMENSIONS)]! + 0.2 * random.gaussian(),
  );
  return new VectorRows(vectors, DIMENSIONS);
}

const draws = createRandom(8);
/** Labels that say nothing of vectors. */
const DRAWN = Array.from({ length: COUNT }, () => draws.nextInt(CLUSTERS));
const mixed = (row: number) => DRAWN[row]!;
const sorted = (row: number) => Math.floor((row * CLUSTERS) / COUNT);
const isAscending = (labels: Int32Array) => labels.every((label, i) => i === 0 || labels[i - 1]! < label);

describe('the order in which vectors go into a graph', () => {
  it('names each label of a shard once', () => {
    const vectors = clustered(COUNT, mixed).base;
    fc.assert(
      fc.property(fc.nat(COUNT), fc.integer({ min: 1, max: 5 }), fc.nat(4), (count, shardCount, shard) => {
        const shardOf = { shard: shard % shardCount, shardCount };
        const order = insertionOrder(
          new VectorRows(vectors.subarray(0, count * DIMENSIONS), DIMENSIONS),
          shardOf,
          AUGMENTED,
        );
        const wanted = Array.from({ length: shardSize(shardOf, count) }, (_, i) => shardOf.shard + i * shardCount);
        expect(Array.from(order.toSorted())).toEqual(wanted);
      }),
      { seed: 3, numRuns: 6 },
    );
  });

  it('begins with the longest, and of equally long ones with the lower label', () => {
    // Each length twice, the longest in the middle.
    const lengthOf = (label: number) => 1 + Math.floor(Math.min(label, COUNT - 1 - label) / 2);
    const vectors = Float32Array.from({ length: COUNT }, (_, label) => (label % 3 === 0 ? -1 : 1) * lengthOf(label));
    const order = insertionOrder(new VectorRows(vectors, 1), WHOLE, AUGMENTED);
    const longest = Array.from({ length: COUNT }, (_, label) => label)
      .sort((a, b) => lengthOf(b) - lengthOf(a) || a - b)
      .slice(0, LONGEST);
    expect(Array.from(order.subarray(0, LONGEST))).toEqual(longest);
  });

  it('goes on with an even sample of the others, also where labels are in the order of neighbourhoods', () => {
    const rows = clustered(COUNT, sorted);
    const order = insertionOrder(rows, WHOLE, AUGMENTED);
    const sample = order.subarray(LONGEST, FIRST);
    expect(isAscending(sample)).toBe(true);
    const perCluster = (labels: Iterable<number>) => {
      const counts = new Array<number>(CLUSTERS).fill(0);
      for (const label of labels) counts[sorted(label)]!++;
      return counts;
    };
    const others = perCluster(order.subarray(LONGEST));
    perCluster(sample).forEach((held, cluster) => {
      expect(Math.abs(held - (others[cluster]! * (FIRST - LONGEST)) / (COUNT - LONGEST))).toBeLessThanOrEqual(1);
    });
  });

  it('is of the longer half by length, then of labels, up to the least that go in first', () => {
    const vectors = Float32Array.from({ length: FIRST }, (_, label) => label);
    const order = insertionOrder(new VectorRows(vectors, 1), WHOLE, AUGMENTED);
    expect(Array.from(order)).toEqual([
      ...Array.from({ length: LONGEST }, (_, i) => FIRST - 1 - i),
      ...Array.from({ length: FIRST - LONGEST }, (_, label) => label),
    ]);
  });

  it('knows no lengths where there is no augmentation', () => {
    const vectors = Float32Array.from({ length: COUNT }, (_, label) => label);
    const order = insertionOrder(new VectorRows(vectors, 1), WHOLE, FIRST_VECTORS['inner-product']);
    const sample = order.subarray(0, FIRST);
    expect(isAscending(sample)).toBe(true);
    sample.forEach((label, i) => expect(Math.abs(label - (i * COUNT) / FIRST)).toBeLessThan(COUNT / FIRST));
    const few = new VectorRows(vectors.subarray(0, FIRST), 1);
    expect(insertionOrder(few, WHOLE, FIRST_VECTORS['inner-product'])).toEqual(
      Int32Array.from({ length: FIRST }, (_, label) => label),
    );
  });

  it('begins with an eighth of many, and a sample of another', () => {
    const vectors = Float32Array.from({ length: 4 * (FIRST + 2) }, (_, label) => (label % 1_009) + label * 1e-6);
    const order = insertionOrder(new VectorRows(vectors, 1), WHOLE, AUGMENTED);
    const isSampleFrom = LONGEST + 1;
    expect(isAscending(order.subarray(isSampleFrom, FIRST + 2))).toBe(true);
    expect(isAscending(order.subarray(isSampleFrom, FIRST + 3))).toBe(false);
    expect(isAscending(order.subarray(isSampleFrom - 1, FIRST + 2))).toBe(false);
  });

  it('goes on from neighbour to neighbour', () => {
    const later = Array.from(insertionOrder(clustered(COUNT, mixed), WHOLE, AUGMENTED).subarray(FIRST), mixed);
    const stays = later.filter((cluster, i) => cluster === later[i - 1]).length / later.length;
    // In the order of labels, or any other that knows nothing of vectors, one of 40 does.
    expect(stays).toBeGreaterThan(0.9);
  });

  it('is the same for the same vectors', () => {
    expect(insertionOrder(clustered(COUNT, mixed), WHOLE, AUGMENTED)).toEqual(
      insertionOrder(clustered(COUNT, mixed), WHOLE, AUGMENTED),
    );
  });

  it.each([
    ['equal', () => 1],
    ['zero', () => 0],
    ['not finite', () => NaN],
    ['each a thousand times the last until they are infinite', (i: number) => 10 ** (i / 100)],
  ])('ends for vectors that are %s', (_, valueOf) => {
    const count = FIRST + 3_000;
    const vectors = Float32Array.from({ length: count * DIMENSIONS }, (_, i) => valueOf(i));
    expect(new Set(insertionOrder(new VectorRows(vectors, DIMENSIONS), WHOLE, AUGMENTED)).size).toBe(count);
  });
});
