import { slowBursts } from './slowest';

/** A list each 20 ms, of 10 ms, but for those that are named. */
function resultWith(slow: ReadonlyMap<number, { readonly ms: number; readonly timing: string }>, count = 400) {
  const dueMs = Float64Array.from({ length: count }, (_, i) => 20 * i);
  return {
    dueMs,
    latencyMs: Float64Array.from(dueMs, (_, i) => slow.get(i)?.ms ?? 10),
    serverTimings: Array.from(dueMs, (_, i) => slow.get(i)?.timing ?? 'rank;dur=8.0'),
  };
}

const waited = (stage: string, ms: number) => ({ ms: ms + 5, timing: `retrieve;dur=1.0, ${stage};dur=${ms}.0` });

describe('what the slowest lists waited for', () => {
  it('is told by bursts, with the longest stage first', () => {
    const slow = new Map([
      [100, waited('log-impressions', 300)],
      [104, waited('log-impressions', 200)],
      [110, waited('log-impressions', 100)],
      [300, waited('rank', 90)],
    ]);
    const [first, second, ...others] = slowBursts(resultWith(slow), 0);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ atSeconds: 2, lists: 3, meanMs: 205, maxMs: 305 });
    expect(first!.stages).toEqual([
      { stage: 'log-impressions', meanMs: 200 },
      { stage: 'elsewhere', meanMs: 4 },
      { stage: 'retrieve', meanMs: 1 },
    ]);
    expect(second).toMatchObject({ atSeconds: 6, lists: 1, stages: [{ stage: 'rank' }, {}, {}] });
  });

  it('adds up a stage that ran again', () => {
    const slow = new Map([[399, { ms: 70, timing: 'rank;dur=30.0, gather;dur=1.5, rank;dur=30.5' }]]);
    const [burst] = slowBursts(resultWith(slow), 301);
    expect(burst!.stages[0]).toEqual({ stage: 'rank', meanMs: 60.5 });
  });

  it('leaves out the warm-up, and what came without timings', () => {
    const slow = new Map([
      [10, waited('rank', 500)],
      [380, { ms: 900, timing: '' }],
      [399, waited('retrieve', 60)],
    ]);
    expect(slowBursts(resultWith(slow), 350)).toMatchObject([{ lists: 1, maxMs: 65 }]);
    expect(slowBursts({ ...resultWith(new Map()), serverTimings: Array<string>(400).fill('') }, 0)).toEqual([]);
  });
});
