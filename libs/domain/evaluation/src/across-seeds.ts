/** What several trainings, alike but for their seeds, say together. */
export interface SeedMean {
  readonly mean: number;
  /** Half the width of the 95% interval. */
  readonly halfWidth: number;
}

/** Student's t for 95%, by degrees of freedom from 1 on. */
const STUDENT_T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
const NORMAL = 1.96;

/** The mean of what several seeds gave, and how sure it is. @param values one for each seed, at least two */
export function meanOverSeeds(values: readonly number[]): SeedMean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const t = STUDENT_T[values.length - 2] ?? NORMAL;
  return { mean, halfWidth: t * Math.sqrt(variance / values.length) };
}
