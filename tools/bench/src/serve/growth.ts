/** Whether something grows with time: the slope of a straight line through samples, and how sure of it they make us. */
import { mean } from '@watchnext/learning';

export interface Sample {
  /** Since any moment. */
  readonly seconds: number;
  readonly value: number;
}

export interface Growth {
  /** Of the line's value in the middle: a share of it for each hour. */
  readonly perHour: number;
  /** 95% interval of `perHour`. */
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  /** Between the middles of the first and the last block. */
  readonly hours: number;
}

export type GrowthVerdict = 'level' | 'grows' | 'shrinks' | 'unknown';

/** Two-sided 95% quantiles of Student's t for 1 to 30 degrees of freedom; beyond them the normal's. */
const T_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * Least squares on the means of `blockCount` blocks of equal length in time: single samples hang together (memory falls only
 * when garbage is collected), so that their number would promise more certainty than there is.
 * @returns undefined for fewer than three blocks with samples
 */
export function growthOf(samples: readonly Sample[], blockCount = 12): Growth | undefined {
  const finite = samples.filter(({ value }) => Number.isFinite(value));
  const blocks = blockMeans(finite, blockCount);
  const n = blocks.length;
  if (n < 3) return undefined;
  const centre = mean(blocks.map(({ value }) => value));
  const middle = mean(blocks.map(({ seconds }) => seconds));
  let [spread, joint] = [0, 0];
  for (const { seconds, value } of blocks) {
    spread += (seconds - middle) ** 2;
    joint += (seconds - middle) * (value - centre);
  }
  const slope = joint / spread;
  const residual = blocks.reduce(
    (sum, { seconds, value }) => sum + (value - centre - slope * (seconds - middle)) ** 2,
    0,
  );
  const margin = (T_95[n - 3] ?? 1.96) * Math.sqrt(residual / (n - 2) / spread);
  const perHour = (perSecond: number) => (centre === 0 ? 0 : (3_600 * perSecond) / centre);
  const hours = (blocks.at(-1)!.seconds - blocks[0]!.seconds) / 3_600;
  return { perHour: perHour(slope), low: perHour(slope - margin), high: perHour(slope + margin), mean: centre, hours };
}

/** What grew by less than this share while it was watched may be a cache that was not full yet. */
const LEAST_CHANGE = 0.02;

/**
 * `grows` where even the low end of the interval lies above zero and the slope is worth speaking of; `unknown` where the interval
 * is so wide that a slope worth speaking of may hide in it.
 * @param tolerance a share of the mean for each hour
 */
export function verdictOf(growth: Growth | undefined, tolerance: number): GrowthVerdict {
  if (growth === undefined) return 'unknown';
  const { perHour, low, high, hours } = growth;
  const isSmall = Math.abs(perHour) * hours < LEAST_CHANGE;
  if (low > 0 && perHour > tolerance && !isSmall) return 'grows';
  if (high < 0 && perHour < -tolerance && !isSmall) return 'shrinks';
  return high <= tolerance || (isSmall && low > 0) ? 'level' : 'unknown';
}

function blockMeans(samples: readonly Sample[], blockCount: number): Sample[] {
  const first = samples[0]?.seconds ?? 0;
  const length = ((samples.at(-1)?.seconds ?? 0) - first) / blockCount;
  if (!(length > 0)) return [];
  const blocks = Array.from({ length: blockCount }, (): Sample[] => []);
  for (const sample of samples) {
    blocks[Math.min(blockCount - 1, Math.floor((sample.seconds - first) / length))]!.push(sample);
  }
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => ({
      seconds: mean(block.map(({ seconds }) => seconds)),
      value: mean(block.map(({ value }) => value)),
    }));
}
