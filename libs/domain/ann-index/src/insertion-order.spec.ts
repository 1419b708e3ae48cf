import { createRandom } from '@watchnext/learning';
import fc from 'fast-check';
import { insertionOrder } from './insertion-order';
import { shardSize, VectorRows, WHOLE } from './vector-rows';

const DIMENSIONS = 9;
const CLUSTERS = 40;
const COUNT = 24_000;
/** A quarter of them is fewer than go in first at least. */
const FIRST = 10_000;

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
        const order = insertionOrder(new VectorRows(vectors.subarray(0, count * DIMENSIONS), DIMENSIONS), shardOf);
        const wanted = Array.from({ length: shardSize(shardOf, count) }, (_, i) => shardOf.shard + i * shardCount);
        expect(Array.from(order.toSorted())).toEqual(wanted);
      }),
      { seed: 3, numRuns: 6 },
    );
  });

  it('is that of labels up to the least that go in first', () => {
    const rows = clustered(FIRST, mixed);
    expect(insertionOrder(rows, WHOLE)).toEqual(Int32Array.from({ length: FIRST }, (_, label) => label));
  });

  it('begins with an even sample, also where labels are in the order of neighbourhoods', () => {
    const first = insertionOrder(clustered(COUNT, sorted), WHOLE).subarray(0, FIRST);
    expect(isAscending(first)).toBe(true);
    const perCluster = new Array<number>(CLUSTERS).fill(0);
    for (const label of first) perCluster[sorted(label)]!++;
    for (const held of perCluster) expect(Math.abs(held - FIRST / CLUSTERS)).toBeLessThanOrEqual(1);
  });

  it('begins with a quarter of many', () => {
    const vectors = Float32Array.from({ length: 4 * (FIRST + 1) }, (_, i) => i % 1_009);
    const order = insertionOrder(new VectorRows(vectors, 1), WHOLE);
    expect(Array.from(order.subarray(0, FIRST + 1), (label) => Math.floor(label / 4))).toEqual(
      Array.from({ length: FIRST + 1 }, (_, i) => i),
    );
    expect(isAscending(order.subarray(FIRST + 1))).toBe(false);
  });

  it('goes on from neighbour to neighbour', () => {
    const later = Array.from(insertionOrder(clustered(COUNT, mixed), WHOLE).subarray(FIRST), mixed);
    const stays = later.filter((cluster, i) => cluster === later[i - 1]).length / later.length;
    // In the order of labels, or any other that knows nothing of vectors, one of 40 does.
    expect(stays).toBeGreaterThan(0.9);
  });

  it('is the same for the same vectors', () => {
    expect(insertionOrder(clustered(COUNT, mixed), WHOLE)).toEqual(insertionOrder(clustered(COUNT, mixed), WHOLE));
  });

  it.each([
    ['equal', () => 1],
    ['zero', () => 0],
    ['not finite', () => NaN],
    ['each a thousand times the last until they are infinite', (i: number) => 10 ** (i / 100)],
  ])('ends for vectors that are %s', (_, valueOf) => {
    const count = FIRST + 3_000;
    const vectors = Float32Array.from({ length: count * DIMENSIONS }, (_, i) => valueOf(i));
    expect(new Set(insertionOrder(new VectorRows(vectors, DIMENSIONS), WHOLE)).size).toBe(count);
  });
});
