import fc from 'fast-check';
import type { AnnIndex } from './ann-index';
import { likelyShare, searchShards } from './sharded-search';

/** A shard that finds its best without fail, and notes what it was asked for. */
function shardOf(scores: readonly { label: number; score: number }[]) {
  const best = scores.toSorted((a, b) => b.score - a.score || a.label - b.label);
  const asked: number[] = [];
  const search = (_: Float32Array, k: number) => {
    asked.push(k);
    const found = best.slice(0, k);
    return { labels: found.map(({ label }) => label), scores: found.map(({ score }) => score) };
  };
  return { asked, shard: { search } as AnnIndex };
}

const QUERY = new Float32Array(1);

describe('a share of the k best', () => {
  it('is all of one part, and little more than its part of several', () => {
    expect(likelyShare(100, 1)).toBe(100);
    expect(likelyShare(100, 1 / 2)).toBe(70);
    expect(likelyShare(500, 1 / 4)).toBe(164);
    expect(likelyShare(3, 1 / 2)).toBe(3);
    expect(likelyShare(0, 1 / 2)).toBe(0);
  });
});

describe('searching shards', () => {
  /** Distinct scores, dealt to the shards in turn or, in order, the best all to the first. */
  const dealt = fc.record({
    count: fc.integer({ min: 1, max: 300 }),
    shardCount: fc.integer({ min: 1, max: 4 }),
    k: fc.nat(120),
    inOrder: fc.boolean(),
    oneIn: fc.constantFrom(1, 2, 3, 7),
  });

  it('brings the k best accepted of what the shards hold, however they are spread', () => {
    fc.assert(
      fc.property(dealt, ({ count, shardCount, k, inOrder, oneIn }) => {
        const all = Array.from({ length: count }, (_, i) => ({ label: i, score: -i }));
        const held = all.reduce<(typeof all)[]>(
          (shards, entry) => {
            shards[inOrder ? Math.floor((entry.label * shardCount) / count) : entry.label % shardCount]!.push(entry);
            return shards;
          },
          Array.from({ length: shardCount }, () => []),
        );
        const shards = held.map((entries) => shardOf(entries).shard);
        const accepts = (label: number) => label % oneIn === 0;
        // As many as hold k accepted, wherever they lie.
        const found = searchShards(shards, QUERY, { k, asked: k * oneIn, accepts });
        const accepted = all.filter(({ label }) => accepts(label)).slice(0, k);
        expect(found.labels).toEqual(accepted.map(({ label }) => label));
        expect(found.scores).toEqual(accepted.map(({ score }) => score));
      }),
      { seed: 8, numRuns: 300 },
    );
  });

  it('asks each for its share, and again only the one whose share was not enough', () => {
    const even = Array.from({ length: 400 }, (_, i) => ({ label: i, score: -i }));
    const dealt = [0, 1].map((part) => shardOf(even.filter(({ label }) => label % 2 === part)));
    const shardsOf = (parts: typeof dealt) => parts.map(({ shard }) => shard);
    searchShards(shardsOf(dealt), QUERY, { k: 100 });
    expect(dealt.map(({ asked }) => asked)).toEqual([[70], [70]]);
    const uneven = [shardOf(even.slice(0, 200)), shardOf(even.slice(200))];
    searchShards(shardsOf(uneven), QUERY, { k: 100 });
    expect(uneven.map(({ asked }) => asked)).toEqual([[70, 100], [70]]);
  });
});
