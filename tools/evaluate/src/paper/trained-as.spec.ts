import { defaultCandidateConfig } from '@watchnext/candidate-model';
import { findingsOn } from './findings';
import { trainedAs } from './trained-as';
import { aLog } from '../../test/a-log';
import { unitKey, type CandidateUnit } from './units';

const log = aLog({ videoCount: 500, watches: 5_000, impressions: 50_000 });
const unit = (change: CandidateUnit['change']): CandidateUnit => ({
  kind: 'candidate',
  change,
  features: 'all',
  labels: 'next',
});
const keyOf = (change: CandidateUnit['change']) => unitKey(trainedAs(unit(change), log));

describe('trainedAs', () => {
  it('leaves out what only repeats a default', () => {
    const { historyEncoder, hiddenSizes } = defaultCandidateConfig({ videoCount: 500, exampleCount: 5_000 });
    expect(keyOf({ historyEncoder, hiddenSizes: [...hiddenSizes] })).toBe(keyOf({}));
  });

  it('keeps apart what is another training', () => {
    expect(keyOf({ historyEncoder: 'mean' })).not.toBe(keyOf({}));
    expect(keyOf({ temperature: 0.1 })).not.toBe(keyOf({}));
    expect(unitKey(trainedAs({ ...unit({}), labels: 'random' }, log))).not.toBe(keyOf({}));
    expect(unitKey(trainedAs({ ...unit({}), epochs: 'half' }, log))).not.toBe(keyOf({}));
  });

  it('has the findings share what they all train', () => {
    const units = findingsOn(log).flatMap(({ forms }) => forms.map((form) => form.unit));
    const trainings = new Set(units.map((one) => unitKey(trainedAs(one, log))));
    const ranking = units.filter(({ kind }) => kind === 'ranking');
    expect(ranking.map(({ kind }) => kind)).toHaveLength(12);
    expect(new Set(ranking.map((one) => unitKey(trainedAs(one, log))))).toHaveProperty('size', 10);
    expect(trainings.size).toBeLessThan(units.length - 2);
  });
});
