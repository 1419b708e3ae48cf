import fc from 'fast-check';
import { inTurns, sortInTurns } from './turns';

/** A clock on which every look takes half a millisecond. */
function slowClock() {
  let ms = 0;
  return () => (ms += 0.5);
}

describe('work in turns', () => {
  it('lets the event loop turn whenever two milliseconds have passed', async () => {
    let turns = 0;
    const perTurn: number[] = [];
    const count = () => {
      turns++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    await inTurns(
      Array.from({ length: 40 }, (_, i) => i),
      () => (perTurn[turns] = (perTurn[turns] ?? 0) + 1),
      slowClock(),
    );
    clearImmediate(immediate);
    expect(Math.max(...perTurn.filter((items) => items !== undefined))).toBeLessThanOrEqual(4);
    expect(perTurn.reduce((sum, items) => sum + (items ?? 0), 0)).toBe(40);
  });

  it('works on what comes in meanwhile', async () => {
    const items = new Set([1, 2, 3]);
    const seen: number[] = [];
    const working = inTurns(
      items,
      (item) => seen.push(item),
      () => Infinity,
    );
    items.add(4);
    await working;
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('sorts as sort does, stable, and leaves what it is given as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 3_000 }), async (keys) => {
        const items = keys.map((key, place) => ({ key, place }));
        const given = [...items];
        const compare = (a: { key: number }, b: { key: number }) => b.key - a.key;
        expect(await sortInTurns(items, compare)).toEqual([...items].sort(compare));
        expect(items).toEqual(given);
      }),
      { seed: 3, numRuns: 30 },
    );
  });
});
