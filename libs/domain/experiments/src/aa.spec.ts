import { createRandom } from '@watchnext/learning';
import { type AaOutcome, judgeAa, judgeAaSampleRatio } from './aa';
import type { Look } from './analysis';
import { holdRate } from './held-rate';
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

  /** @returns of each of `splitCount` splits the check at its end */
  const draw = (seed: number, userCount: number, shares: readonly number[], splitCount: number) => {
    const random = createRandom(seed);
    return Array.from({ length: splitCount }, () => {
      const counts = shares.map(() => 0);
      for (let user = 0; user < userCount; user++) {
        let point = random.next();
        counts[shares.findIndex((share, i) => (point -= share) < 0 || i === shares.length - 1)]++;
      }
      return counts;
    });
  };
  const judgeDrawn = (counts: readonly (readonly number[])[], shares: readonly number[]) =>
    judgeAaSampleRatio(
      counts.map((of) => [checkSampleRatio(of, shares)]),
      settings.error,
    );

  // The seeds are those at which 5% would have been called broken, though users are split as their shares say.
  it.each([
    [100, 17],
    [150, 4],
    [150, 5],
    [150, 6],
  ])('hold few users, %i, to the rate of as many in many splits, and not to 5%% (seed %i)', (users, seed) => {
    const even = [0.5, 0.5];
    const { doubtful, objections } = judgeDrawn(draw(seed, users, even, 5_000), even);
    expect(objections).toEqual([]);
    expect(holdRate({ promised: 0.05, kind: 'is' }, doubtful.count, doubtful.of, settings.error).kept).toBe(false);
  });

  it.each([[[0.5, 0.5]], [[0.4, 0.2, 0.4]]])('find few users in the wrong variant, of shares %j', (shares) => {
    expect(judgeDrawn(draw(1, 100, shares, 5_000), shares).objections).toEqual([]);
    const [first, ...others] = shares;
    const wrong = [first + 0.03, ...others.slice(0, -1), others.at(-1)! - 0.03];
    expect(judgeDrawn(draw(1, 100, wrong, 5_000), shares).objections).toContain(
      'users are not split as their shares say',
    );
  });

  it('hold splits that differ in their users to the rates of each', () => {
    const even = [0.5, 0.5];
    const counts = [100, 150].flatMap((users) => draw(users, users, even, 5_000));
    const { doubtful } = judgeDrawn(counts, even);
    expect(doubtful).toMatchObject({ of: 10_000, kept: true });
    expect(doubtful.promised).toBeCloseTo((0.0569 + 0.0409) / 2, 4);
  });
});
