import { defaultListLengths } from './list-lengths';

it('lists are 10, 50 and 100 long, and in a small catalogue 1, a tenth and a fifth of it', () => {
  expect([1_000_000, 101].map(defaultListLengths)).toEqual([
    [10, 50, 100],
    [10, 50, 100],
  ]);
  expect([100, 30, 20, 8].map(defaultListLengths)).toEqual([
    [1, 10, 20],
    [1, 3, 6],
    [1, 2, 4],
    [1, 2],
  ]);
});
