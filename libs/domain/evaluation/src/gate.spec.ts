import fc from 'fast-check';
import { DEFAULT_GATE_LIMITS, evaluateGate, type GateMetrics, gateReasons } from './gate';
import type { CurrentMetrics } from './regression';

const good: GateMetrics = {
  recallK: 100,
  candidateRecall: 0.5,
  popularityRecall: 0.3,
  weightedPerUserLoss: 0.3,
  floorWeightedPerUserLoss: 0.33,
  indexRecallAt100: 0.99,
};
/** Both snapshots on the same rows, exactly the same but where said; users differ by `spread` either way. */
const paired = (trained: Partial<Record<'recall' | 'loss', number>> = {}, spread = 0.001): CurrentMetrics => {
  const pair = (current: number, now: number) => ({
    origin: 're-evaluated' as const,
    current,
    trained: now,
    difference: { low: now - current - spread, high: now - current + spread },
    userCount: 1_000,
  });
  return {
    snapshotId: 's1',
    candidateRecall: pair(0.5, trained.recall ?? 0.5),
    weightedPerUserLoss: pair(0.3, trained.loss ?? 0.3),
  };
};
const recorded = (popularityRecall = NaN, floorWeightedPerUserLoss = NaN, known = true): CurrentMetrics => {
  const record = (current: number, baseline: number) => ({
    origin: 'recorded on other days' as const,
    current: known ? current : NaN,
    baseline,
  });
  return {
    snapshotId: 's1',
    candidateRecall: record(0.5, popularityRecall),
    weightedPerUserLoss: record(0.3, floorWeightedPerUserLoss),
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
      'candidates-beat-popularity: recall@100 0.1000, popularity 0.3000',
      'index-recall: index recall@100 0.5000, at least 0.9500',
    ]);
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

    it('says by how much and on whom', () => {
      const verdict = evaluateGate(good, paired({ loss: 0.325 }));
      expect(gateReasons(verdict)).toEqual([
        'ranking-no-regression: weighted per-user loss 0.3250 against 0.3000 of s1, both on the same held-out rows of ' +
          '1000 users: +0.0250 (95%: +0.0240 to +0.0260), rise of at most 0.0200',
      ]);
    });
  });

  it('holds what was recorded on the same days against the new models there, not on all rows', () => {
    const same = (recall: number, loss: number): CurrentMetrics => ({
      snapshotId: 's1',
      candidateRecall: { origin: 'recorded on the same days', current: 0.6, trained: recall },
      weightedPerUserLoss: { origin: 'recorded on the same days', current: 0.2, trained: loss },
    });
    expect(failed(good, same(0.55, 0.215))).toEqual([]);
    expect(failed(good, same(0.53, 0.225))).toEqual(['candidates-no-regression', 'ranking-no-regression']);
    expect(failed(good, same(NaN, NaN))).toEqual(['candidates-no-regression', 'ranking-no-regression']);
  });

  describe('against metrics recorded on other days', () => {
    const { popularityRecall, floorWeightedPerUserLoss } = good;

    it('has wider margins', () => {
      expect(failed({ ...good, candidateRecall: 0.44, weightedPerUserLoss: 0.325 }, recorded())).toEqual([]);
      expect(failed({ ...good, candidateRecall: 0.39 }, recorded())).toEqual(['candidates-no-regression']);
    });

    it('asks for as much as before where the baselines say that the days were alike', () => {
      const alike = recorded(popularityRecall, floorWeightedPerUserLoss);
      for (const metrics of [good, { ...good, candidateRecall: 0.39 }, { ...good, weightedPerUserLoss: 0.35 }]) {
        expect(evaluateGate(metrics, alike)).toEqual(evaluateGate(metrics, recorded()));
      }
    });

    it('asks for less where the baselines say that these days are harder, and for more where they are easier', () => {
      const harderNow = { ...good, weightedPerUserLoss: 0.36, floorWeightedPerUserLoss: 0.4 };
      expect(failed(harderNow, recorded())).toEqual(['ranking-no-regression']);
      expect(failed(harderNow, recorded(0.3, 0.33))).toEqual([]);
      expect(failed({ ...harderNow, weightedPerUserLoss: 0.39 }, recorded(0.3, 0.36))).toEqual([
        'ranking-no-regression',
      ]);
      expect(failed(good, recorded(0.3, 0.66))).toEqual(['ranking-no-regression']);
      expect(failed(good, recorded(0.15, 0.33))).toEqual(['candidates-no-regression']);
    });

    it('takes a baseline that cannot be compared for none', () => {
      for (const odd of [0, NaN, Infinity]) {
        expect(evaluateGate(good, recorded(odd, odd)).passed).toBe(evaluateGate(good, recorded()).passed);
      }
    });

    it('cannot hold against a snapshot what is not known of it', () => {
      expect(failed(good, recorded(NaN, NaN, false))).toEqual([]);
    });
  });

  const numbers = fc.record({
    recallK: fc.constant(100),
    candidateRecall: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(NaN, Infinity)),
    popularityRecall: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(NaN)),
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
          for (const value of Object.values(metrics)) expect(Number.isFinite(value)).toBe(true);
          expect(metrics.candidateRecall).toBeGreaterThan(metrics.popularityRecall);
          expect(metrics.weightedPerUserLoss).toBeLessThan(metrics.floorWeightedPerUserLoss);
        }
      }),
      { seed: 6, numRuns: 500 },
    );
  });
});
