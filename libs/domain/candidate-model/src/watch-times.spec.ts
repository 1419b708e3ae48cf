import fc from 'fast-check';
import { featuresOf } from '../test/builders';
import { TIME_BUCKETS, timeBucket, timeBuckets } from './watch-times';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('buckets of time', () => {
  it.each([
    [0, 1],
    [-5, 1],
    [1, 2],
    [59_999, 2],
    [MINUTE, 3],
    [3 * MINUTE, 4],
    [DAY, 12],
    [365 * DAY, 21],
    [2 * 365 * DAY, 22],
    [50 * 365 * DAY, TIME_BUCKETS],
  ])('puts %d ms before the last watch into bucket %d', (ms, bucket) => {
    expect(timeBucket(ms)).toBe(bucket);
  });

  it('never falls with time', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.nat(2 ** 31), (a, b) => {
        expect(timeBucket(a + b)).toBeGreaterThanOrEqual(timeBucket(a));
      }),
    );
  });

  it('counts from the last watch, so that the moment of the request tells nothing', () => {
    const at = (lastMs: number) =>
      timeBuckets(featuresOf({ watchedVideoIds: ['a', 'b', 'c'], watchedAtMs: [lastMs - DAY, lastMs - 1, lastMs] }));
    expect([...at(5 * DAY)]).toEqual([12, 2, 1]);
    expect(at(500 * DAY)).toEqual(at(5 * DAY));
  });

  it('says what to do about features without times', () => {
    expect(() => timeBuckets(featuresOf({ watchedVideoIds: ['a'] }))).toThrow('there are 0 for 1: take features with');
    expect(timeBuckets(featuresOf({ watchedAtMs: [] }))).toHaveLength(0);
  });
});
