import { NO_STATISTICS, type RankingExample, statisticsFrom } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { exampleOf, userOf } from '../test/builders';
import { numberColumnsOf } from './example-numbers';
import { ALL_NUMBERS } from './input-layout';
import { Preparation } from './preparation';
import { sampleOf } from './quantiles';

const SEED = 1;
const NOTHING_KNOWN = statisticsFrom(NO_STATISTICS);
const AGE = ALL_NUMBERS.indexOf('ageYears');

const withAge = (ageYears: number) => exampleOf({ user: userOf({ values: { ageYears } }) });

function columnsOf(examples: readonly RankingExample[], statisticsAt = (_atMs: number) => NOTHING_KNOWN) {
  return numberColumnsOf(examples, statisticsAt, 100, createRandom(SEED), new Preparation());
}

describe('numbers of examples', () => {
  it('are put among their own quantiles', async () => {
    const { quantiles, positions } = await columnsOf([20, 30, 40].map(withAge));
    const ages = [0, 1, 2].map((n) => positions[n * ALL_NUMBERS.length + AGE]);
    expect(ages).toEqual([20, 30, 40].map((age) => quantiles[AGE].positionOf(age)));
    expect(ages[1]).toBe(0.5);
  });

  it('have a flag where one of many is missing, though no sample has it', async () => {
    const many = Array<RankingExample>(50_100).fill(withAge(30));
    const sampled = new Set(sampleOf(many.length, createRandom(SEED)));
    many[many.findIndex((_, n) => !sampled.has(n))] = withAge(NaN);
    const asked: number[] = [];
    const { quantiles } = await columnsOf(many, (atMs) => {
      asked.push(atMs);
      return NOTHING_KNOWN;
    });
    expect(asked).toHaveLength(50_000 + many.length);
    expect(quantiles[AGE].mayBeMissing).toBe(true);
    expect(quantiles[AGE].isInformative).toBe(true);
  });
});
