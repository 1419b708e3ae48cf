import { aLog } from '../../test/a-log';
import { plannedSeconds, planText } from './plan';
import type { CandidateUnit } from './units';

const log = aLog({ videoCount: 4_000, watches: 40_000, impressions: 150_000, queries: 8_000 });
const unit = (more: Partial<CandidateUnit> = {}): CandidateUnit => ({
  kind: 'candidate',
  change: {},
  features: 'all',
  labels: 'next',
  ...more,
});

describe('plannedSeconds', () => {
  it('grows with the tower, the data and the epochs', () => {
    const small = plannedSeconds(unit({ change: { hiddenSizes: [64] } }), log);
    const large = plannedSeconds(unit({ change: { hiddenSizes: [512, 256, 128, 64] } }), log);
    expect(large).toBeGreaterThan(1.5 * small);
    const more = aLog({ videoCount: 4_000, watches: 80_000, impressions: 300_000, queries: 16_000 });
    for (const kind of [unit(), { kind: 'ranking', change: {} } as const, { kind: 'age-curve', change: {} } as const])
      expect(plannedSeconds(kind, more)).toBeGreaterThan(1.3 * plannedSeconds(kind, log));
    const [half, whole, warm] = (['half', undefined, 'warm'] as const).map((epochs) =>
      plannedSeconds(unit(epochs ? { epochs } : {}), log),
    );
    expect(half).toBeLessThan(whole);
    expect(whole).toBeLessThan(warm);
  });
});

describe('planText', () => {
  const parts = [
    { name: 'one log', trainings: 10, seconds: 600 },
    { name: 'another', trainings: 20, seconds: 1_800 },
  ];

  it('says what is left, log by log and together', () => {
    expect(planText(parts, 5, 2).split('\n')).toEqual([
      '5 of 35 trainings are there; of the others, about, on one core:',
      '  one log: 10 in 10 min',
      '  another: 20 in 30 min',
      'altogether 40 min of one core, 20 min with 2 side by side',
    ]);
  });

  it('says so where nothing is', () => {
    expect(planText([{ name: 'one log', trainings: 0, seconds: 0 }], 5, 2)).toBe('all 5 trainings are there');
  });
});
