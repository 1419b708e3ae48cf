import { numberText } from './setting-values';

describe('the bounds of a number, in words', () => {
  it.each([
    [{ type: 'number' }, 'number'],
    [{ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, 'whole number of 1 or more'],
    [{ type: 'number', minimum: 0, maximum: 1 }, 'number from 0 to 1'],
    [{ type: 'number', minimum: 0, exclusiveMaximum: 1 }, 'number of 0 or more and below 1'],
    [{ type: 'number', exclusiveMinimum: 0, maximum: 10 }, 'number above 0 up to 10'],
    [{ type: 'number', exclusiveMinimum: 0.5, exclusiveMaximum: 1 }, 'number above 0.5 and below 1'],
    [{ type: 'number', exclusiveMaximum: 1 }, 'number below 1'],
    [{ type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10 }, 'whole number from 1 to 9'],
  ])('%j is %s', (bounds, words) => {
    expect(numberText(bounds)).toBe(words);
  });
});
