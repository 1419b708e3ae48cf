import fc from 'fast-check';
import { calibrationTable, quantileGroups, watchTimeMae, watchTimeSquaredError } from './calibration';

const impression = (userId: string, watchSeconds: number) => ({
  userId,
  pageId: '',
  servedAtMs: 0,
  clicked: watchSeconds > 0,
  watchSeconds,
});
const first = { nextInt: () => 0 };

describe('calibrationTable', () => {
  it('sets mean prediction against mean outcome by bucket, empty buckets and strays left out', () => {
    const impressions = [impression('a', 10), impression('b', 0), impression('a', 30), impression('c', 900)];
    const table = calibrationTable(
      impressions,
      [5, 5, 60, 1_000],
      ['low', 'none', 'high'],
      (i) => [0, 0, 2, undefined][i],
      first,
    );
    expect(table.map(({ bucket, impressionCount }) => [bucket, impressionCount])).toEqual([
      ['low', 2],
      ['high', 1],
    ]);
    expect(table[0]).toMatchObject({ meanPredictedSeconds: 5, meanActualSeconds: 5, ratio: 1 });
    expect(table[1]).toMatchObject({ meanPredictedSeconds: 60, meanActualSeconds: 30, ratio: 2 });
  });

  it('finds what is calibrated calibrated where many watches are longer than the loss counts', () => {
    // Films: one impression in ten is watched, for up to 6,000 s; 300 s are expected of each.
    const watched = Array.from({ length: 600 }, (_, i) => impression(`user-${i % 60}`, 10 * (i + 0.5)));
    const unwatched = Array.from({ length: 5_400 }, (_, i) => impression(`user-${i % 60}`, 0));
    const impressions = [...watched, ...unwatched];
    const [row] = calibrationTable(
      impressions,
      impressions.map(() => 300),
      ['all'],
      () => 0,
      first,
    );
    expect(row).toMatchObject({ meanPredictedSeconds: 300, meanActualSeconds: 300, ratio: 1 });
  });
});

describe('quantileGroups', () => {
  it('makes groups of nearly equal size in ascending order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 10, maxLength: 100 }), (values) => {
        const groups = quantileGroups(values, 5);
        const sizes = [0, 1, 2, 3, 4].map((group) => groups.filter((of) => of === group).length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        values.forEach((value, i) =>
          values.forEach((other, j) => {
            if (value < other) expect(groups[i]).toBeLessThanOrEqual(groups[j]);
          }),
        );
      }),
      { seed: 9, numRuns: 50 },
    );
  });

  it('keeps equal values together', () => {
    expect([...quantileGroups([1, 1, 1, 1, 2], 5)]).toEqual([0, 0, 0, 0, 4]);
  });
});

describe('watchTimeSquaredError', () => {
  it('is the mean square, unclicked impressions at 0 s', () => {
    const error = watchTimeSquaredError([impression('a', 10), impression('b', 0)], [13, 4]);
    expect(error.value()).toBe((9 + 16) / 2);
  });
});

describe('watchTimeMae', () => {
  it('counts an unclicked impression at 0 seconds, whatever it played', () => {
    const unclicked = { ...impression('a', 5), clicked: false };
    const error = watchTimeMae([impression('a', 30), unclicked, impression('b', 7_200)], [20, 4, 900]);
    expect(error.value()).toBeCloseTo((10 + 4 + 6_300) / 3);
  });
});
