import { createRandom } from '@watchnext/learning';
import { type AaOutcome, judgeAa, judgeAaSampleRatio } from './aa';
import type { Look } from './analysis';
import { checkSampleRatio } from './sample-ratio';

const settings = { alpha: 0.05, power: 0.8, error: 0.0005 };
const outcome = (fixedP: number, p = 1): AaOutcome => ({
  look: {
    fixedP,
    information: 100,
    fixedInterval: { low: -0.1, high: 0.3 },
    alwaysValidInterval: Number.isNaN(fixedP) ? { low: -Infinity, high: Infinity } : { low: -0.3, high: 0.7 },
  } as Look,
  p,
});
const judge = (outcomes: readonly AaOutcome[]) => judgeAa('clicksPerImpression', outcomes, settings);
const spread = (count: number, of = (share: number) => share) =>
  Array.from({ length: count }, (_, n) => outcome(of((n + 0.5) / count)));

describe('A/A tests', () => {
  it('are sound where p-values are evenly spread, and say what the users can show', () => {
    const judged = judge(spread(500));
    expect(judged).toMatchObject({ judged: 500, oneLook: { count: 25, kept: true }, objections: [] });
    expect(judged.histogram).toEqual(new Array(20).fill(25));
    expect(judged.evenP).toBeCloseTo(1, 12);
    expect(judged.fixedReach).toBeCloseTo(0.2, 12);
    expect(judged.alwaysValidReach).toBeCloseTo(0.5, 12);
    // (1.96 + 0.84) errors of a tenth.
    expect(judged.smallestLift).toBeCloseTo(Math.expm1(0.28016), 4);
  });

  it('are not where too many are small, or too few, or they are uneven elsewhere', () => {
    expect(judge(spread(500, (share) => share ** 2)).objections).toEqual([
      'too many differences at one look',
      'p-values are unevenly spread',
    ]);
    expect(judge(spread(500, Math.sqrt)).objections).toEqual([
      'too few differences at one look',
      'p-values are unevenly spread',
    ]);
    const hollow = judge(spread(500, (share) => (share < 0.06 ? share : 0.1 + 0.3 * share)));
    expect(hollow.objections).toEqual(['p-values are unevenly spread']);
  });

  it('hold what is looked at daily to its bound, and not below it', () => {
    const daily = (alarms: number) => judge(spread(500).map((one, n) => ({ ...one, p: n < alarms ? 0.01 : 1 })));
    expect(daily(0).objections).toEqual([]);
    expect(daily(30).objections).toEqual([]);
    expect(daily(60).objections).toEqual(['too many differences at daily looks']);
  });

  it('say nothing of what reports say nothing of', () => {
    const judged = judge([...spread(99), ...Array.from({ length: 401 }, () => outcome(NaN))]);
    expect(judged).toMatchObject({ judged: 99, oneLook: undefined, evenP: undefined, objections: [] });
  });

  it('count how often the sample ratio would have hidden a result at any look', () => {
    const random = createRandom(7);
    const splits = (share: number) =>
      Array.from({ length: 500 }, () => {
        const counts = [0, 0];
        return [100, 400, 1_000].map((users) => {
          while (counts[0] + counts[1] < users) counts[random.next() < share ? 0 : 1]++;
          return checkSampleRatio([...counts], [1, 1]);
        });
      });
    expect(judgeAaSampleRatio(splits(0.5), 0.001)).toMatchObject({ hidden: { kept: true }, objections: [] });
    expect(judgeAaSampleRatio(splits(0.56), 0.001).objections).toEqual([
      'the sample ratio hides too many results',
      'users are not split as their shares say',
    ]);
  });
});
