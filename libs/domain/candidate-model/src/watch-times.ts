/**
 * How long before the last watch each watch of a history was begun, as a bucket of the logarithm: what the heads of the
 * encoder 'time-heads' are weighted by in place of the position.
 *
 * Counted from the last watch, not from the request. A request's own moment is that of the label in training, and from the
 * gap up to it a model learns what serving cannot tell it: the label's date, and by the playback's first report a part of
 * its length (decision 60). For an up-next list the seed is the last watch, as of now.
 */
import type { CandidateFeatures } from '@watchnext/features';

const MS_PER_MINUTE = 60_000;
/** The last watch; within a minute; then each bucket twice as far back as the one before, the last from two years on. */
export const TIME_BUCKETS = 22;

/** From 1 to `TIME_BUCKETS`. A watch that is dated after the last one counts as the last. */
export function timeBucket(msBeforeLast: number): number {
  if (!(msBeforeLast > 0)) return 1;
  return Math.min(TIME_BUCKETS, 2 + Math.floor(Math.log2(1 + msBeforeLast / MS_PER_MINUTE)));
}

/**
 * Buckets of all watches of the features, known to the vocabulary or not.
 * @throws Error when the features were taken without times
 */
export function timeBuckets({ watchedAtMs, watchedVideoIds }: CandidateFeatures): Int32Array {
  if (watchedAtMs?.length !== watchedVideoIds.length) {
    throw new Error(
      `candidate model: the encoder "time-heads" needs the times of watches, and there are ${watchedAtMs?.length ?? 0} for ${watchedVideoIds.length}: ` +
        'take features with withWatchTimes, or choose an encoder that needs none',
    );
  }
  const last = watchedAtMs[watchedAtMs.length - 1];
  return Int32Array.from(watchedAtMs, (atMs) => timeBucket(last - atMs));
}
