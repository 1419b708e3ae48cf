import fc from 'fast-check';
import { DEFAULT_GATE_LIMITS, evaluateGate, type Gain, type GateMetrics, gateReasons, recallKOf } from './gate';
import type { CurrentMetrics, Measurement } from './regression';

/** Of many rows, so that two numbers decide. */
const sureGain: Gain = { interval: { low: -1, high: 1 }, userCount: 1_000, rowCount: 4_000 };
const good: GateMetrics = {
  recallK: 100,
  candidateRecall: 0.5,
  popularityRecall: 0.3,
  recallGain: sureGain,
  weightedPerUserLoss: 0.3,
  floorWeightedPerUserLoss: 0.33,
  lossGain: sureGain,
  indexRecallAt100: 0.99,
};
/** Both snapshots on the same rows, exactly the same but where said; users differ by `spread` either way. */
const paired = (
  trained: Partial<Record<'recall' | 'loss', number>> = {},
  spread = 0.001,
  userCount = 1_000,
): CurrentMetrics => {
  const pair = (current: number, now: number) => ({
    origin: 're-evaluated' as const,
    current,
    trained: now,
    difference: { low: now - current - spread, high: now - current + spread },
    userCount,
  });
  return {
    snapshotId: 's1',
    candidateRecall: pair(0.5, trained.recall ?? 0.5),
    weightedPerUserLoss: pair(0.3, trained.loss ?? 0.3),
  };
};
/** What was measured of the new snapshot where the current one was not: sure to within `spread` either way. */
const sure = (value: number, spread = 0.001, userCount = 1_000): Measurement => ({
  value,
  interval: { low: value - spread, high: value + spread },
  userCount,
  rowCount: 4 * userCount,
});
interface Recorded {
  readonly recall?: number;
  readonly loss?: number;
  readonly popularity?: number;
  readonly floor?: number;
  readonly rowCount?: number;
  /** Of the new snapshot. */
  readonly trained?: {
    readonly recall?: number;
    readonly loss?: number;
    readonly spread?: number;
    readonly users?: number;
  };
}
const recorded = ({
  recall = 0.5,
  loss = 0.3,
  popularity = NaN,
  floor = NaN,
  rowCount = 4_000,
  trained = {},
}: Recorded = {}): CurrentMetrics => {
  const record = (value: number, baseline: number, now: number) => ({
    origin: 'recorded on other days' as const,
    current: { value, rowCount },
    baseline,
    trained: sure(now, trained.spread, trained.users),
  });
  return {
    snapshotId: 's1',
    candidateRecall: record(recall, popularity, trained.recall ?? good.candidateRecall),
    weightedPerUserLoss: record(loss, floor, trained.loss ?? good.weightedPerUserLoss),
  };
};
const failed = (metrics: GateMetrics, before?: CurrentMetrics) =>
  evaluateGate(metrics, before)
    .checks.filter((check) => !check.passed)
    .map((check) => check.name);

describe('the gate', () => {
  it('passes a good first snapshot and says why', () => {
    const verdict = evaluateGate(good, undefined);
    expect(verdict.passed).toBe(true);
    expect(verdict.checks.map((check) => check.name)).toContain('no-regression');
    expect(verdict.checks.find((check) => check.name === 'candidates-beat-popularity')?.detail).toBe(
      'recall@100 0.5000, popularity 0.3000',
    );
    expect(gateReasons(verdict)).toEqual([]);
  });

  it.each<[string, Partial<GateMetrics>, string[]]>([
    ['candidates no better than popularity', { candidateRecall: 0.3 }, ['candidates-beat-popularity']],
    ['ranking no better than means by video', { weightedPerUserLoss: 0.33 }, ['ranking-beats-item-means']],
    ['an index that loses neighbours', { indexRecallAt100: 0.9 }, ['index-recall']],
    ['a loss that is not a number', { weightedPerUserLoss: NaN }, ['finite', 'ranking-beats-item-means']],
    ['an infinite recall', { candidateRecall: Infinity }, ['finite']],
  ])('rejects %s', (_, fields, names) => {
    expect(failed({ ...good, ...fields })).toEqual(names);
  });

  it('names every failed check with its numbers', () => {
    const verdict = evaluateGate({ ...good, candidateRecall: 0.1, indexRecallAt100: 0.5 }, undefined);
    expect(gateReasons(verdict)).toEqual([
      'candidates-beat-popularity: recall@100 0.1000, popularity 0.3000, of 1000 users in 4000 rows, 95% of what is gained: -1.0000 to 1.0000',
      'index-recall: index recall@100 0.5000, at least 0.9500',
    ]);
  });

  it('tells which recall it went by, however its check came out', () => {
    const few: Gain = { ...sureGain, rowCount: 200 };
    for (const candidateRecall of [0.5, 0.1, NaN])
      for (const recallGain of [sureGain, few])
        expect(recallKOf(evaluateGate({ ...good, recallK: 7, candidateRecall, recallGain }, undefined))).toBe(7);
    expect(recallKOf({ passed: false, checks: [] })).toBeUndefined();
  });

  describe('against baselines on few users or rows', () => {
    const worse = { ...good, candidateRecall: 0.25, weightedPerUserLoss: 0.35 };
    const both = ['candidates-beat-popularity', 'ranking-beats-item-means'];
    const withGain = (userCount: number, rowCount: number, low: number, high: number) => {
      const gain = { interval: { low, high }, userCount, rowCount };
      return { ...worse, recallGain: gain, lossGain: gain };
    };

    it('is undecided where a model that has less may have more by chance', () => {
      expect(failed(withGain(29, 4_000, -0.2, 0.1))).toEqual([]);
      expect(failed(withGain(1_000, 1_999, -0.2, 0.1))).toEqual([]);
      expect(failed(withGain(30, 2_000, -0.2, 0.1))).toEqual(both);
      const { checks } = evaluateGate(withGain(11, 36, -0.2, 0.1), undefined);
      expect(checks.find(({ name }) => name === 'candidates-beat-popularity')?.detail).toBe(
        'undecided: recall@100 0.2500, popularity 0.3000, of 11 users in 36 rows, 95% of what is gained: -0.2000 to 0.1000',
      );
    });

    it('takes a tie for no failure', () => {
      const tie = { candidateRecall: good.popularityRecall, weightedPerUserLoss: good.floorWeightedPerUserLoss };
      expect(failed({ ...withGain(210, 250, -0.05, 0.05), ...tie })).toEqual([]);
      expect(failed({ ...withGain(210, 250, 0, 0), ...tie })).toEqual([]);
      expect(failed({ ...withGain(1_500, 2_000, -0.02, 0.02), ...tie })).toEqual(both);
    });

    it('rejects what is worse beyond chance, and says nothing of a handful of users', () => {
      expect(failed(withGain(11, 36, -0.2, -0.01))).toEqual(both);
      expect(failed(withGain(210, 250, -0.2, -0.01))).toEqual(both);
      expect(gateReasons(evaluateGate(withGain(210, 250, -0.2, -0.01), undefined))[0]).toBe(
        'candidates-beat-popularity: recall@100 0.2500, popularity 0.3000, of 210 users in 250 rows, 95% of what is gained: -0.2000 to -0.0100',
      );
      expect(failed(withGain(9, 36, NaN, NaN))).toEqual([]);
    });

    it('rejects what could not be measured', () => {
      const few = withGain(9, 36, NaN, NaN);
      expect(failed({ ...few, candidateRecall: NaN, weightedPerUserLoss: NaN })).toEqual(['finite', ...both]);
    });
  });

  describe('against the current snapshot on the same rows', () => {
    it('lets metrics slip within the margin, not beyond', () => {
      expect(failed(good, paired({ recall: 0.46, loss: 0.315 }))).toEqual([]);
      expect(failed(good, paired({ recall: 0.44 }))).toEqual(['candidates-no-regression']);
      expect(failed(good, paired({ loss: 0.325 }))).toEqual(['ranking-no-regression']);
    });

    it('takes no difference for a regression that may be chance', () => {
      expect(failed(good, paired({ recall: 0.4, loss: 0.4 }, 0.2))).toEqual([]);
      expect(failed(good, paired({ recall: 0.4, loss: 0.4 }, 0.09))).toEqual([
        'candidates-no-regression',
        'ranking-no-regression',
      ]);
    });

    it('rejects what could not be measured', () => {
      expect(failed(good, paired({ recall: NaN }))).toEqual(['candidates-no-regression']);
      expect(failed(good, paired({ loss: NaN }))).toEqual(['ranking-no-regression']);
      expect(failed(good, paired({}, NaN))).toEqual(['candidates-no-regression', 'ranking-no-regression']);
    });

    it('is undecided about few users, of whom resampling is too sure: of one it has no width at all', () => {
      const worse = { recall: 0.4, loss: 0.4 };
      expect(failed(good, paired(worse, 0, 1))).toEqual([]);
      expect(failed(good, paired(worse, 0.001, 29))).toEqual([]);
      expect(failed(good, paired(worse, 0.001, 30))).toEqual(['candidates-no-regression', 'ranking-no-regression']);
      expect(failed(good, paired({ recall: NaN }, 0, 1))).toEqual(['candidates-no-regression']);
      const { checks } = evaluateGate(good, paired(worse, 0, 1));
      expect(checks.find(({ name }) => name === 'candidates-no-regression')?.detail).toBe(
        'undecided: recall@100 0.4000 against 0.5000 of s1 is of fewer than 30 users (1)',
      );
    });

    it('says by how much and on whom', () => {
      const verdict = evaluateGate(good, paired({ loss: 0.325 }));
      expect(gateReasons(verdict)).toEqual([
        'ranking-no-regression: weighted per-user loss 0.3250 against 0.3000 of s1, both on the same held-out rows of ' +
          '1000 users: +0.0250 (95%: +0.0240 to +0.0260), rise of at most 0.0200',
      ]);
    });
  });

  describe('against metrics recorded on the same days', () => {
    const same = (recall: number, loss: number, spread = 0.001, users = 1_000, rowCount = 4_000): CurrentMetrics => ({
      snapshotId: 's1',
      candidateRecall: {
        origin: 'recorded on the same days',
        current: { value: 0.6, rowCount },
        trained: sure(recall, spread, users),
      },
      weightedPerUserLoss: {
        origin: 'recorded on the same days',
        current: { value: 0.2, rowCount },
        trained: sure(loss, spread, users),
      },
    });
    const both = ['candidates-no-regression', 'ranking-no-regression'];

    it('holds them against the new models there, not on all rows', () => {
      expect(failed(good, same(0.55, 0.215))).toEqual([]);
      expect(failed(good, same(0.53, 0.225))).toEqual(both);
      expect(failed(good, same(NaN, NaN))).toEqual(both);
    });

    it('takes no difference for a regression that may be chance of both measurements', () => {
      // .1 less, and .1 more: each is sure to .08, so the difference to √2 times that.
      expect(failed(good, same(0.5, 0.3, 0.08))).toEqual([]);
      expect(failed(good, same(0.5, 0.3, 0.07))).toEqual(both);
      // What was recorded is of a quarter of the rows, so half as sure: the difference is to √5 times.
      expect(failed(good, same(0.5, 0.3, 0.05, 1_000, 1_000))).toEqual([]);
      expect(failed(good, same(0.5, 0.3, 0.044, 1_000, 1_000))).toEqual(both);
    });

    it('is undecided about few users, now or then', () => {
      expect(failed(good, same(0.4, 0.4, 0, 1))).toEqual([]);
      expect(failed(good, same(0.4, 0.4, 0, 29))).toEqual([]);
      expect(failed(good, same(0.4, 0.4, 0, 30))).toEqual(both);
      // A hundredth of the rows of 1,000 users: of about ten.
      expect(failed(good, same(0.4, 0.4, 0, 1_000, 40))).toEqual([]);
      expect(failed(good, same(0.4, 0.4, 0, 1_000, NaN))).toEqual(both);
      expect(failed(good, same(NaN, NaN, 0, 1))).toEqual(both);
    });
  });

  describe('against metrics recorded on other days', () => {
    const both = ['candidates-no-regression', 'ranking-no-regression'];

    it('has wider margins', () => {
      expect(failed(good, recorded({ trained: { recall: 0.44, loss: 0.325 } }))).toEqual([]);
      expect(failed(good, recorded({ trained: { recall: 0.39 } }))).toEqual(['candidates-no-regression']);
      expect(failed(good, recorded({ trained: { loss: 0.345 } }))).toEqual(['ranking-no-regression']);
    });

    it('asks for as much as before where the baselines say that the days were alike', () => {
      const alike = { popularity: good.popularityRecall, floor: good.floorWeightedPerUserLoss };
      for (const trained of [{}, { recall: 0.39 }, { loss: 0.35 }]) {
        expect(evaluateGate(good, recorded({ ...alike, trained }))).toEqual(evaluateGate(good, recorded({ trained })));
      }
    });

    it('asks for less where the baselines say that these days are harder', () => {
      const harder = { ...good, popularityRecall: 0.2, floorWeightedPerUserLoss: 0.4 };
      const worse = { recall: 0.34, loss: 0.36 };
      expect(failed(harder, recorded({ trained: worse }))).toEqual(both);
      expect(failed(harder, recorded({ popularity: 0.3, floor: 0.33, trained: worse }))).toEqual([]);
      const worst = { recall: 0.26, loss: 0.42 };
      expect(failed(harder, recorded({ popularity: 0.3, floor: 0.36, trained: worst }))).toEqual(both);
    });

    it.each([
      { then: [0.134, 0.015], now: [0.14, 0.021] },
      { then: [0.3, 0.02], now: [0.33, 0.08] },
      { then: [0.415, 0.218], now: [0.43, 0.3] },
    ])('never asks for more than before, however easy these days look: $then, $now', ({ then, now }) => {
      const [recall, popularity] = then;
      const metrics = { ...good, candidateRecall: now[0], popularityRecall: now[1] };
      expect(failed(metrics, recorded({ recall, popularity, trained: { recall: now[0] } }))).toEqual([]);
      const easier = { ...good, weightedPerUserLoss: 0.29, floorWeightedPerUserLoss: 0.3 };
      expect(failed(easier, recorded({ floor: 0.6, trained: { loss: 0.29 } }))).toEqual([]);
    });

    it('expects nothing that cannot be', () => {
      const metrics = { ...good, weightedPerUserLoss: 0.9, floorWeightedPerUserLoss: 0.95 };
      const { checks } = evaluateGate(metrics, recorded({ loss: 0.5, floor: 0.2, trained: { loss: 0.9 } }));
      expect(checks.find(({ name }) => name === 'ranking-no-regression')?.detail).toBe(
        'weighted per-user loss 0.9000, at most 1.0000 against 1.0000 of s1 (recorded on other days)',
      );
    });

    it('takes no difference for a regression that may be chance, and is undecided about few users', () => {
      const few = { recall: 0.3, loss: 0.45, spread: 0.15 };
      expect(failed(good, recorded({ rowCount: 200, trained: { ...few, users: 50 } }))).toEqual([]);
      expect(failed(good, recorded({ trained: { ...few, spread: 0.05 } }))).toEqual(both);
      expect(failed(good, recorded({ trained: { ...few, spread: 0, users: 10 } }))).toEqual([]);
    });

    it('takes a baseline that cannot be compared for none', () => {
      for (const odd of [0, NaN, Infinity]) {
        expect(evaluateGate(good, recorded({ popularity: odd, floor: odd }))).toEqual(evaluateGate(good, recorded()));
      }
    });

    it('cannot hold against a snapshot what is not known of it', () => {
      expect(failed(good, recorded({ recall: NaN, loss: NaN }))).toEqual([]);
    });
  });

  const bound = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constant(NaN));
  const gains = fc.record({
    interval: fc.record({ low: bound, high: bound }),
    userCount: fc.nat(60),
    rowCount: fc.nat(4_000),
  });
  const isSure = ({ userCount, rowCount }: Gain) => userCount >= 30 && rowCount >= 2_000;
  const numbers = fc.record({
    recallK: fc.constant(100),
    candidateRecall: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(NaN, Infinity)),
    popularityRecall: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(NaN)),
    recallGain: gains,
    lossGain: gains,
    weightedPerUserLoss: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(NaN, -Infinity)),
    floorWeightedPerUserLoss: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(NaN)),
    indexRecallAt100: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(NaN)),
  });

  it('never passes a metric that is not finite, and passes only if every check does', () => {
    fc.assert(
      fc.property(numbers, fc.constantFrom(undefined, paired(), recorded()), (metrics, before) => {
        const verdict = evaluateGate(metrics, before, DEFAULT_GATE_LIMITS);
        expect(verdict.passed).toBe(verdict.checks.every((check) => check.passed));
        if (verdict.passed) {
          const { recallGain, lossGain, ...values } = metrics;
          for (const value of Object.values(values)) expect(Number.isFinite(value)).toBe(true);
          // Of many rows as ever: what the two numbers say.
          if (isSure(recallGain)) expect(metrics.candidateRecall).toBeGreaterThan(metrics.popularityRecall);
          if (isSure(lossGain)) expect(metrics.weightedPerUserLoss).toBeLessThan(metrics.floorWeightedPerUserLoss);
          if (recallGain.interval.high < 0) expect(metrics.candidateRecall).toBeGreaterThan(metrics.popularityRecall);
        }
      }),
      { seed: 6, numRuns: 500 },
    );
  });
});
