import { DailyCounts } from './daily-counts';
import { PartialCounts } from './partial-counts';
import { DAY_MS } from './time';

const NOON_MS = Date.UTC(2026, 10, 1, 12);
const shown = (impressionCount: number) => expect.objectContaining({ impressionCount });

describe('PartialCounts', () => {
  let whole: DailyCounts;
  let part: PartialCounts;
  beforeEach(() => {
    whole = new DailyCounts();
    part = new PartialCounts(whole);
  });
  const show = (row: number, times = 1) => {
    for (let i = 0; i < times; i++) part.addImpression(row, NOON_MS, false, 0);
  };

  it('finds a row by its key and by its row in the whole', () => {
    const keys = Array.from({ length: 300 }, (_, i) => `video-${i}`);
    for (const key of keys) whole.rowOf(key);
    for (const key of [...keys].reverse()) expect(part.rowAt(whole.rowOf(key))).toBe(part.rowOf(key));
    expect(new Set(keys.map((key) => part.rowOf(key))).size).toBe(keys.length);
    expect(part.rowOf('video-299')).toBe(0);
    expect(part.keyOf(0)).toBe('video-299');
  });

  it('counts apart from the whole and from other parts, in the order in which its keys came', () => {
    const other = new PartialCounts(whole);
    for (const key of ['a', 'b', 'c']) whole.rowOf(key);
    show(part.rowOf('c'), 2);
    show(part.rowOf('a'));
    other.addImpression(other.rowOf('b'), NOON_MS, false, 0);
    expect([...part.allAsOf(Infinity)]).toEqual([
      ['c', shown(2)],
      ['a', shown(1)],
    ]);
    expect([...other.allAsOf(NOON_MS + DAY_MS)]).toEqual([['b', shown(1)]]);
    expect([...whole.allAsOf(Infinity)]).toEqual([]);
  });

  it('knows nothing of a key that only the whole has, or that nobody has', () => {
    whole.rowOf('a');
    for (let i = 0; i < 200; i++) whole.rowOf(`other-${i}`);
    expect(part.asOf('a', Infinity)).toBeUndefined();
    expect(part.asOf('other-199', Infinity)).toBeUndefined();
    expect(part.asOf('b', Infinity)).toBeUndefined();
    expect(whole.rowIfAny('b')).toBeUndefined();
  });

  it('gives a key that the whole lacks a row there', () => {
    show(part.rowOf('new'));
    expect(whole.rowIfAny('new')).toBe(0);
    expect(part.asOf('new', Infinity)).toEqual(shown(1));
  });
});
