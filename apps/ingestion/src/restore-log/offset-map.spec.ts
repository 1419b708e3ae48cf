import fc from 'fast-check';
import { OffsetMap } from './offset-map';

describe('OffsetMap', () => {
  it('knows of nothing that there is none', () => expect(new OffsetMap().lastUpTo(7)).toBe(-1));

  it('gives the last record up to an offset, as a search of all of them does', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: -1, max: 200 }), (gaps, asked) => {
        const map = new OffsetMap();
        const pairs: [number, number][] = [];
        let [from, to] = [-1, -1];
        for (const [fromGap, toGap] of gaps) {
          pairs.push([(from += fromGap), (to += toGap)]);
          map.add(from, to);
        }
        expect(map.lastUpTo(asked)).toBe(pairs.findLast(([at]) => at <= asked)?.[1] ?? -1);
      }),
    );
  });

  it('keeps the first place of records that were appended twice', () => {
    const map = new OffsetMap();
    [5, 6, 7, 5, 6, 7, 8].forEach((from, to) => map.add(from, to));
    expect([4, 5, 6, 7, 8, 9].map((from) => map.lastUpTo(from))).toEqual([-1, 0, 1, 2, 6, 6]);
  });
});
