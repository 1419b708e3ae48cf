import fc from 'fast-check';
import { FirstOf } from './first-of';

describe('the first so many', () => {
  it('are those of a full sort, and whether some were left out is known', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -50, max: 50 })), fc.nat(30), (items, capacity) => {
        const first = new FirstOf<number>(capacity, (a, b) => a - b);
        const all = items.map((item) => first.offer(item)).every(Boolean);
        expect(first.sorted()).toEqual([...items].sort((a, b) => a - b).slice(0, capacity));
        expect(all).toBe(items.length <= capacity);
      }),
      { seed: 11 },
    );
  });
});
