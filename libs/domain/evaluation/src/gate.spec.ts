import fc from 'fast-check';
import { type CurrentMetrics, DEFAULT_GATE_LIMITS, evaluateGate, type GateMetrics, gateReasons } from './gate';

const good: GateMetrics = {
  recallK: 100,
  candidateRecall: 0.5,
  popularityRecall: 0.3,
  weightedPerUserLoss: 0.3,
  floorWeightedPerUserLoss: 0.33,
  indexRecallAt100: 0.99,
};
const current = (fields: Partial<CurrentMetrics> = {}): CurrentMetrics => ({
  snapshotId: 's1',
  origin: 're-evaluated',
  candidateRecall: 0.5,
  weightedPerUserLoss: 0.3,
  ...fields,
});
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

  it('lets metrics slip within the margin against the current snapshot, not beyond', () => {
    expect(failed({ ...good, candidateRecall: 0.46, weightedPerUserLoss: 0.315 }, current())).toEqual([]);
    expect(failed({ ...good, candidateRecall: 0.44 }, current())).toEqual(['candidates-no-regression']);
    expect(failed({ ...good, weightedPerUserLoss: 0.325 }, current())).toEqual(['ranking-no-regression']);
  });

  it('widens the margin against metrics recorded on other days', () => {
    const recorded = current({ origin: 'recorded' });
    expect(failed({ ...good, candidateRecall: 0.44, weightedPerUserLoss: 0.325 }, recorded)).toEqual([]);
    expect(failed({ ...good, candidateRecall: 0.39 }, recorded)).toEqual(['candidates-no-regression']);
  });

  describe('against metrics recorded on other days, with the baselines of those days,', () => {
    const recorded = (popularityRecall: number, floorWeightedPerUserLoss: number) =>
      current({ origin: 'recorded', recordedBaselines: { popularityRecall, floorWeightedPerUserLoss } });
    const { popularityRecall, floorWeightedPerUserLoss } = good;

    it('asks for as much as before where the days were alike', () => {
      const alike = recorded(popularityRecall, floorWeightedPerUserLoss);
      const plain = current({ origin: 'recorded' });
      for (const metrics of [good, { ...good, candidateRecall: 0.39 }, { ...good, weightedPerUserLoss: 0.35 }]) {
        expect(evaluateGate(metrics, alike)).toEqual(evaluateGate(metrics, plain));
      }
    });

    it('asks for less where the baselines say that these days are harder, and for more where they are easier', () => {
      const harderNow = { ...good, weightedPerUserLoss: 0.36, floorWeightedPerUserLoss: 0.4 };
      expect(failed(harderNow, current({ origin: 'recorded' }))).toEqual(['ranking-no-regression']);
      expect(failed(harderNow, recorded(0.3, 0.33))).toEqual([]);
      expect(failed({ ...harderNow, weightedPerUserLoss: 0.39 }, recorded(0.3, 0.36))).toEqual([
        'ranking-no-regression',
      ]);
      expect(failed(good, recorded(0.3, 0.66))).toEqual(['ranking-no-regression']);
      expect(failed(good, recorded(0.15, 0.33))).toEqual(['candidates-no-regression']);
    });

    it('takes a baseline that cannot be compared for none', () => {
      for (const odd of [0, NaN, Infinity]) {
        const verdict = evaluateGate(good, recorded(odd, odd));
        expect(verdict.passed).toBe(evaluateGate(good, current({ origin: 'recorded' })).passed);
      }
    });
  });

  it('cannot hold against a snapshot what is not known of it', () => {
    expect(failed(good, current({ candidateRecall: NaN, weightedPerUserLoss: NaN }))).toEqual([]);
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
      fc.property(numbers, fc.option(fc.constant(current()), { nil: undefined }), (metrics, before) => {
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
