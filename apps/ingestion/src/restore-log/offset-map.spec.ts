import fc from 'fast-check';
import { OffsetMap } from './offset-map';

type Pair = readonly [from: number, to: number];

const upTo = (pairs: readonly Pair[], asked: number) => pairs.findLast(([at]) => at <= asked)?.[1] ?? -1;

function filled(pairs: readonly Pair[]): OffsetMap {
  const map = new OffsetMap();
  for (const [from, to] of pairs) map.add(from, to);
  return map;
}

const pairsOf = (steps: readonly Pair[]): Pair[] => {
  let [from, to] = [-1, -1];
  return steps.map(([fromGap, toGap]) => [(from += fromGap), (to += toGap)]);
};

describe('OffsetMap', () => {
  const gap = fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 3 }));
  const steps = fc.array(fc.tuple(gap, gap), { maxLength: 300 });

  it('knows of nothing that there is none', () => expect(new OffsetMap().lastUpTo(7)).toBe(-1));

  it('gives the last record up to an offset, as a search of all of them does', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: -1, max: 700 }), (gaps, asked) => {
        const pairs = pairsOf(gaps);
        expect(filled(pairs).lastUpTo(asked)).toBe(upTo(pairs, asked));
      }),
    );
  });

  it('is as it was before what is cut off, and goes on', () => {
    const cut = fc.integer({ min: 0, max: 700 });
    fc.assert(
      fc.property(steps, cut, fc.integer({ min: -1, max: 700 }), (gaps, end, asked) => {
        const pairs = pairsOf(gaps);
        const map = filled(pairs);
        map.cutAt(end);
        const kept = pairs.filter(([, to]) => to < end);
        expect(map.lastUpTo(asked)).toBe(upTo(kept, asked));
        for (const [from, to] of pairs.slice(kept.length)) map.add(from, to + 5);
        const whole = pairs.map(([from, to]): Pair => [from, to < end ? to : to + 5]);
        expect(map.lastUpTo(asked)).toBe(upTo(whole, asked));
      }),
    );
  });

  it('keeps the first place of records that were appended twice', () => {
    const map = new OffsetMap();
    [5, 6, 7, 5, 6, 7, 8].forEach((from, to) => map.add(from, to));
    expect([4, 5, 6, 7, 8, 9].map((from) => map.lastUpTo(from))).toEqual([-1, 0, 1, 2, 6, 6]);
  });

  it('takes offsets that lie further apart than 32 bits', () => {
    const pairs = [0, 1, 2].map((i): Pair => [i * 2 ** 33, i * 2 ** 34]);
    const map = filled([...pairs, [2 ** 35, 2 ** 36], [2 ** 35 + 1, 2 ** 36 + 1]]);
    expect(pairs.map(([from]) => map.lastUpTo(from + 1))).toEqual(pairs.map(([, to]) => to));
    expect(map.lastUpTo(2 ** 35)).toBe(2 ** 36);
  });

  it('holds a million records that lie alone beside the heap, in nine bytes each', () => {
    const before = process.memoryUsage().arrayBuffers;
    const map = new OffsetMap();
    for (let i = 0; i < 1_000_000; i++) map.add(2 * i, i);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(9_000_000);
    expect(map.lastUpTo(1_000_001)).toBe(500_000);
  });
});
