import { mean } from '@watchnext/learning';

/** What several trainings, alike but for their seeds, say together. */
export interface SeedMean {
  readonly mean: number;
  /** Half the width of the 95% interval. */
  readonly halfWidth: number;
}

/** Student's t for 95%, by degrees of freedom from 1 to 30. Beyond them the last stands in, which is wider than need be, by less than 5%. */
const STUDENT_T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** The mean of what several seeds gave, and how sure it is. @param values one for each seed, at least two */
export function meanOverSeeds(values: readonly number[]): SeedMean {
  const center = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
  const t = STUDENT_T[Math.min(values.length - 1, STUDENT_T.length) - 1]!;
  return { mean: center, halfWidth: t * Math.sqrt(variance / values.length) };
}
