import { rowsUntil } from './rows-until';

describe('what was held out up to a moment', () => {
  const until = (moment: number) => rowsUntil([1, 2, 3], moment, (row) => row);

  it('is what is no later', () => {
    expect(until(2)).toEqual([1, 2]);
    expect(until(Infinity)).toEqual([1, 2, 3]);
  });

  it('is all where everything is later, so that something is measured', () => {
    expect(until(0)).toEqual([1, 2, 3]);
    expect(rowsUntil([], 0, (row) => row)).toEqual([]);
  });
});
