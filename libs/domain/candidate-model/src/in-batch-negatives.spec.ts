/** Is the partition function's estimate unbiased when a part of the negatives are the batch's own labels? */
import { createRandom, shuffle } from '@watchnext/learning';
import { InBatchNegatives } from './in-batch-negatives';
import { NegativeSampler } from './negative-sampler';

const VIDEOS = 8;
const BATCH = 12;
const NEGATIVES = 10;
const LABEL_COUNTS = Float64Array.from({ length: VIDEOS }, (_, video) => Math.round(60 / (video + 1)));
/** An epoch: rows of the output table, so many of each label. */
const LABELS = Int32Array.from([...LABEL_COUNTS].flatMap((count, video) => Array<number>(count).fill(video + 1)));
// Watches elsewhere make other videos popular than labels are.
const SAMPLER = new NegativeSampler(
  Float64Array.from({ length: VIDEOS }, (_, video) => 5 + video),
  0.75,
);
const IN_BATCH = new InBatchNegatives(SAMPLER, LABEL_COUNTS);
const random = createRandom(5);
const SCORES = Array.from({ length: VIDEOS }, () => random.gaussian());

/** Z of engine.ts for one example of a batch. */
function estimate(labels: Int32Array, share: number, logQ: (row: number, given: number) => number): number {
  const { negatives, negativeLogExpectedCounts } = IN_BATCH.draw(NEGATIVES, labels, share, random);
  const label = labels[random.nextInt(labels.length)];
  let partition = Math.exp(SCORES[label - 1]);
  negatives.forEach((row, j) => {
    if (row !== label) partition += Math.exp(SCORES[row - 1] - logQ(row, negativeLogExpectedCounts[j]));
  });
  return partition;
}

function meanOver(drawCount: number, share: number, logQ = (_row: number, given: number) => given) {
  const drawn: number[] = [];
  for (let i = 0; i < drawCount; i++) {
    const order = LABELS.slice();
    shuffle(order, random);
    drawn.push(estimate(order.subarray(0, BATCH), share, logQ));
  }
  const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
  const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length;
  return { mean, error: Math.sqrt(variance / drawCount) };
}

const PARTITION = SCORES.reduce((sum, score) => sum + Math.exp(score), 0);

describe('in-batch negatives', () => {
  it.each([0.3, 0.5, 0.9])('leave the estimate of the partition function without bias, a share of %p', (share) => {
    const { mean, error } = meanOver(15_000, share);
    expect(error).toBeLessThan(0.02 * PARTITION);
    expect(Math.abs(mean - PARTITION)).toBeLessThan(4 * error);
  });

  it('would have a bias with the correction of draws alone', () => {
    const { mean, error } = meanOver(4_000, 0.5, (row) => Math.log(NEGATIVES * SAMPLER.probability(row - 1)));
    expect(Math.abs(mean - PARTITION)).toBeGreaterThan(8 * error);
  });

  it('are the first labels of the batch, as many as the share is, before the draws', () => {
    const labels = Int32Array.from({ length: BATCH }, (_, i) => 1 + (i % VIDEOS));
    const { negatives } = IN_BATCH.draw(NEGATIVES, labels, 0.4, random);
    expect([...negatives.subarray(0, 4)]).toEqual([...labels.subarray(0, 4)]);
    expect(negatives).toHaveLength(NEGATIVES);
  });

  it('are all labels of a batch that has fewer, and none of a batch of one', () => {
    const few = IN_BATCH.draw(NEGATIVES, Int32Array.of(3, 4), 1, random);
    expect([...few.negatives.subarray(0, 2)]).toEqual([3, 4]);
    expect(few.negatives).toHaveLength(NEGATIVES);
    const alone = IN_BATCH.draw(NEGATIVES, Int32Array.of(3), 1, random);
    for (const { negatives, negativeLogExpectedCounts } of [few, alone]) {
      expect(negatives.every((row) => row >= 1 && row <= VIDEOS)).toBe(true);
      expect(negativeLogExpectedCounts.every(Number.isFinite)).toBe(true);
    }
    alone.negatives.forEach((row, j) => {
      expect(alone.negativeLogExpectedCounts[j]).toBeCloseTo(Math.log(NEGATIVES * SAMPLER.probability(row - 1)), 5);
    });
  });
});
