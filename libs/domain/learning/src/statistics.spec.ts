import { mean, median, quantile } from './statistics';

it('the mean of values', () => expect([mean([1, 2, 6]), mean([])]).toEqual([3, NaN]));

it.each([
  [[9, 1, 5], 5],
  [[10, 9, 1, 5], 7],
  [[], NaN],
])('the median of %j is %d, and leaves the values as they are', (values, value) => {
  const before = [...values];
  expect([median(values), values]).toEqual([value, before]);
});

describe('the quantile of values', () => {
  const oneTo = (count: number) => Array.from({ length: count }, (_, i) => count - i);

  it.each([
    [100, 0.99, 99],
    [100, 0.5, 50],
    [100, 0.07, 7],
    [1_000, 0.999, 999],
    [101, 0.99, 100],
    [3, 0.5, 2],
    [4, 0.5, 2],
    [7, 1, 7],
    [7, 0, 1],
    [1, 0.99, 1],
  ])('of 1 to %d at %d is the least that such a share does not exceed, %d', (count, q, value) => {
    expect(quantile(oneTo(count), q)).toBe(value);
  });

  it('of nothing is not a number, and leaves the values as they are', () => {
    expect(quantile([], 0.5)).toBeNaN();
    const values = [3, 1, 2];
    quantile(values, 0.5);
    expect(values).toEqual([3, 1, 2]);
  });
});
