import { LEAST_USERS_OF_AN_INTERVAL } from './sample-size';

/** The part of `Random` of @watchnext/learning that resampling needs. */
export interface IndexSource {
  /** A whole number in [0, exclusiveMaximum). */
  nextInt(exclusiveMaximum: number): number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * A ratio of sums, kept by user: recall is hits over queries, weighted per-user loss is misordered over all watch
 * seconds. What one user does hangs together, so uncertainty comes from resampling users, not rows.
 */
export class UserRatio {
  private readonly userIndex = new Map<string, number>();
  private readonly numerators: number[] = [];
  private readonly denominators: number[] = [];

  add(userId: string, numerator: number, denominator: number): void {
    let index = this.userIndex.get(userId);
    if (index === undefined) {
      index = this.numerators.length;
      this.userIndex.set(userId, index);
      this.numerators.push(0);
      this.denominators.push(0);
    }
    this.numerators[index] += numerator;
    this.denominators[index] += denominator;
  }

  /** Each user's sums, in the order in which users were added: what `add` takes, for keeping them somewhere. */
  *rows(): Generator<readonly [userId: string, numerator: number, denominator: number]> {
    for (const [userId, index] of this.userIndex) yield [userId, this.numerators[index], this.denominators[index]];
  }

  /**
   * Each user's own ratio, counted once: its value is the mean over users (the macro mean), whatever the number of their rows,
   * where this one's is the mean over rows. Users without a denominator have no ratio and are left out.
   */
  perUser(): UserRatio {
    const each = new UserRatio();
    for (const [userId, numerator, denominator] of this.rows()) {
      if (denominator > 0) each.add(userId, numerator / denominator, 1);
    }
    return each;
  }

  get userCount(): number {
    return this.numerators.length;
  }

  /**
   * The ratio of this scorer less that of another one on the same rows: paired, so that what is hard for both cancels
   * out of its interval. NaN where either of the two has a user whose rows it could not say anything of.
   *
   * @throws RangeError where the rows are not the same
   */
  minus(other: UserRatio): UserRatio {
    const difference = new UserRatio();
    for (const [userId, own, its, denominator] of this.paired(other)) difference.add(userId, own - its, denominator);
    return difference;
  }

  /**
   * How many times that of another one on the same rows this scorer's ratio is: paired, as `minus`. NaN where the other's is 0
   * and this one too, and as `minus`.
   *
   * @throws RangeError where the rows are not the same
   */
  over(other: UserRatio): UserRatio {
    const times = new UserRatio();
    for (const [userId, own, its] of this.paired(other)) times.add(userId, own, its);
    return times;
  }

  private *paired(other: UserRatio): Generator<readonly [userId: string, own: number, its: number, whole: number]> {
    for (const [userId, index] of this.userIndex) {
      const its = other.userIndex.get(userId);
      const denominator = this.denominators[index];
      const itsDenominator = its === undefined ? undefined : other.denominators[its];
      // What a broken model has NaN for are the other's rows all the same.
      const isUnknown = Number.isNaN(denominator) || Number.isNaN(itsDenominator);
      if (its === undefined || itsDenominator === undefined || !(isUnknown || nearlyEqual(denominator, itsDenominator)))
        throw new RangeError(`the two ratios are of different rows: user ${userId}`);
      yield isUnknown ? [userId, NaN, NaN, NaN] : [userId, this.numerators[index], other.numerators[its], denominator];
    }
    if (other.userCount !== this.userCount) throw new RangeError('the two ratios are of different users');
  }

  /** NaN where nothing was added. */
  value(): number {
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return sum(this.numerators) / sum(this.denominators);
  }

  /**
   * Percentile bootstrap: users drawn with replacement, `level` of the resampled ratios between low and high.
   * NaN with fewer than ten users, of whom none could be believed, and where a user's sums are: draws without that user would look like those of a ratio that is known.
   */
  interval(random: IndexSource, options: { resampleCount?: number; level?: number } = {}): Interval {
    const { resampleCount = 200, level = 0.95 } = options;
    const userCount = this.userCount;
    const isUnknown = this.numerators.some(Number.isNaN) || this.denominators.some(Number.isNaN);
    if (userCount < LEAST_USERS_OF_AN_INTERVAL || isUnknown) return { low: NaN, high: NaN };
    const ratios: number[] = [];
    for (let resample = 0; resample < resampleCount; resample += 1) {
      let numerator = 0;
      let denominator = 0;
      for (let draw = 0; draw < userCount; draw += 1) {
        const user = random.nextInt(userCount);
        numerator += this.numerators[user];
        denominator += this.denominators[user];
      }
      // A draw of only users without a pair says nothing.
      if (denominator > 0) ratios.push(numerator / denominator);
    }
    return percentileInterval(ratios, level);
  }
}

/** The interval that holds `level` of what was resampled; NaN of nothing. @param resampled is sorted by it */
export function percentileInterval(resampled: number[], level: number): Interval {
  resampled.sort((a, b) => a - b);
  const at = (share: number) => resampled[Math.round(share * (resampled.length - 1))] ?? NaN;
  return { low: at((1 - level) / 2), high: at((1 + level) / 2) };
}

/** Sums of the same seconds in another order differ in their last bits. */
function nearlyEqual(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}
