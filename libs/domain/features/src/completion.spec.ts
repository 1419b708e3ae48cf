import { isCompleted } from './completion';

describe('isCompleted', () => {
  it.each([
    [29.9, 100, false, 'under 30% of it'],
    [30, 100, true, '30% of it'],
    [9.9, 20, false, 'under 10 s'],
    [10, 20, true, '10 s of a short one'],
    [7.9, 8, false, 'not to the end of a very short one'],
    [8, 8, true, 'to the end of a very short one'],
    [9, 0, false, 'under 10 s of unknown length'],
    [10, 0, true, '10 s of unknown length'],
  ])('%d s of %d s: %p (%s)', (watchSeconds, durationSeconds, expected) => {
    expect(isCompleted({ watchSeconds, durationSeconds })).toBe(expected);
  });
});
