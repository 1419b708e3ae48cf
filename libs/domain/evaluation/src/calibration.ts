import { type IndexSource, type Interval, UserRatio } from './user-ratio';
import type { LabelledImpression } from './weighted-per-user-loss';

/** One row of a calibration table. */
export interface CalibrationRow {
  readonly bucket: string;
  readonly impressionCount: number;
  readonly meanPredictedSeconds: number;
  readonly meanActualSeconds: number;
  /** Predicted over actual: 1 is calibrated, 1.1 promises 10% too much; Infinity or NaN where nothing was watched. */
  readonly ratio: number;
  /** Of the ratio: 95% by bootstrap over users. */
  readonly interval: Interval;
}

/**
 * Seconds an impression earned; 0 without a click. Not capped as the loss caps them: expectations are learned of labels, which
 * have a cap of their own, of hours, and the smaller of an expectation and a cap is not what is expected of what is capped.
 */
export function actualSeconds({ clicked, watchSeconds }: LabelledImpression): number {
  return clicked ? watchSeconds : 0;
}

/**
 * Predicted against actual watch seconds by bucket, buckets in the order given, empty ones left out.
 *
 * @param bucketOf index of each impression's bucket in `buckets`; undefined: in none
 */
export function calibrationTable(
  impressions: readonly LabelledImpression[],
  predictedSeconds: ArrayLike<number>,
  buckets: readonly string[],
  bucketOf: (index: number) => number | undefined,
  random: IndexSource,
): CalibrationRow[] {
  const sums = buckets.map(() => ({ ratio: new UserRatio(), count: 0, predicted: 0, actual: 0 }));
  impressions.forEach((impression, index) => {
    const bucket = bucketOf(index);
    if (bucket === undefined) return;
    const predicted = predictedSeconds[index];
    const actual = actualSeconds(impression);
    const sum = sums[bucket];
    sum.ratio.add(impression.userId, predicted, actual);
    sum.count += 1;
    sum.predicted += predicted;
    sum.actual += actual;
  });
  return sums.flatMap(({ ratio, count, predicted, actual }, bucket) =>
    count === 0
      ? []
      : [
          {
            bucket: buckets[bucket],
            impressionCount: count,
            meanPredictedSeconds: predicted / count,
            meanActualSeconds: actual / count,
            ratio: predicted / actual,
            interval: ratio.interval(random),
          },
        ],
  );
}

/** Index 0 … groupCount − 1 of each value's group when sorted into groups of equal size; equal values share the lower. */
export function quantileGroups(values: ArrayLike<number>, groupCount: number): Int32Array {
  const order = Int32Array.from({ length: values.length }, (_, index) => index).sort((a, b) => values[a] - values[b]);
  const groups = new Int32Array(values.length);
  order.forEach((index, place) => {
    const before = order[place - 1];
    groups[index] =
      place > 0 && values[before] === values[index] ? groups[before] : Math.floor((place * groupCount) / values.length);
  });
  return groups;
}

/** Mean absolute error of expected watch seconds by user, every impression counted, unclicked ones at 0 s. */
export function watchTimeMae(
  impressions: readonly LabelledImpression[],
  predictedSeconds: ArrayLike<number>,
): UserRatio {
  const error = new UserRatio();
  impressions.forEach((impression, index) => {
    error.add(impression.userId, Math.abs(predictedSeconds[index] - actualSeconds(impression)), 1);
  });
  return error;
}

/** Mean squared error, likewise; its root is the RMSE. */
export function watchTimeSquaredError(
  impressions: readonly LabelledImpression[],
  predictedSeconds: ArrayLike<number>,
): UserRatio {
  const error = new UserRatio();
  impressions.forEach((impression, index) => {
    error.add(impression.userId, (predictedSeconds[index] - actualSeconds(impression)) ** 2, 1);
  });
  return error;
}
