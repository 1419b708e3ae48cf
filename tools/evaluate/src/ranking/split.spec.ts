import { DAY_MS } from '@watchnext/features';
import type { RankingExample } from '@watchnext/features';
import { splitImpressions } from './split';

const shown = (servedAtMs: number): RankingExample => ({ servedAtMs, clicked: true }) as RankingExample;
const FIRST_MS = Date.UTC(2015, 0, 1);
/** A hundred a day. */
const LOG = Array.from({ length: 2_000 }, (_, i) => shown(FIRST_MS + Math.floor((i * DAY_MS) / 100)));

const timesOf = (examples: readonly RankingExample[]) => examples.map(({ servedAtMs }) => servedAtMs);
const split = (rankingExamples: readonly RankingExample[], part: 'test' | 'validation' = 'test') =>
  splitImpressions({ rankingExamples }, { source: 'log', testDays: 2, part });

describe('impressions before and after a moment', () => {
  it('are measured on the last days, and for validation on as many before', () => {
    const { training, heldOut, heldOutFromMs } = split(LOG);
    expect([heldOutFromMs, training.length, heldOut.length]).toEqual([FIRST_MS + 18 * DAY_MS, 1_800, 200]);
    const before = split(LOG, 'validation');
    expect([before.training.length, before.heldOut.length]).toEqual([1_601, 199]);
  });

  it.each(['test', 'validation'] as const)('are not measured on rows dated by another clock: %s', (part) => {
    const today = Date.UTC(2026, 10, 28);
    const strays = [shown(Date.UTC(1995, 0, 1)), ...[0, 1, 2].map((i) => shown(today + i))];
    const [without, withStrays] = [split(LOG, part), split([...LOG, ...strays], part)];
    expect(timesOf(withStrays.heldOut)).toEqual(timesOf(without.heldOut));
    expect(withStrays.heldOutFromMs).toBe(without.heldOutFromMs);
    expect(Math.max(...timesOf(withStrays.training))).toBe(Math.max(...timesOf(without.training)));
  });

  it('are asked for where there are none', () => {
    expect(() => split([])).toThrow('log: there are no impressions');
  });
});
