/**
 * What users did, ready to be split into variants again and again: of every user and day, how much it adds to the moments.
 * A replay is then one pass over these, whatever the split.
 */
import {
  Assigner,
  type Experiment,
  Moments,
  NUMBER_COUNT,
  PRODUCT_COUNT,
  USER_NUMBERS,
  type UserNumbers,
} from '@watchnext/experiments';
import type { UserDay } from './user-days';

/**
 * By user: in which of the variants they would be had the experiment, and its layer, this salt; −1 for who is in none, and for testers,
 * whom a report leaves out.
 */
export function drawVariants(experiment: Experiment, userIds: readonly string[], salt: string): Int8Array {
  const drawn = { ...experiment, salt };
  const assigner = new Assigner({ layers: [{ name: experiment.layer, salt }], experiments: [drawn] });
  return Int8Array.from(userIds, (userId) => {
    const assignment = assigner.within(drawn, userId);
    return assignment === undefined || assignment.overridden ? -1 : drawn.variants.indexOf(assignment.variant);
  });
}

const STRIDE = 1 + NUMBER_COUNT + PRODUCT_COUNT;

export class ReplayLog {
  readonly userIds: readonly string[];
  readonly dayCount: number;
  private readonly user: Int32Array;
  private readonly day: Int32Array;
  private readonly increments: Float64Array;

  /** @param days by user and day */
  constructor(days: readonly UserDay[]) {
    const users: string[] = [];
    this.user = new Int32Array(days.length);
    this.day = Int32Array.from(days, ({ day }) => day);
    this.dayCount = days.reduce((most, { day }) => Math.max(most, day + 1), 0);
    this.increments = new Float64Array(days.length * STRIDE);
    let before: Record<string, number> | undefined;
    days.forEach(({ userId, numbers }, row) => {
      if (users.at(-1) !== userId) {
        users.push(userId);
        before = undefined;
      }
      this.user[row] = users.length - 1;
      const after = { ...numbers } as Record<string, number>;
      const moments = new Moments();
      if (before !== undefined) {
        for (const name of USER_NUMBERS) if (name !== 'covariate') after[name] += before[name];
        moments.add(before as UserNumbers, -1);
      }
      moments.add(after as UserNumbers);
      const at = row * STRIDE;
      this.increments[at] = moments.userCount;
      this.increments.set(moments.sums, at + 1);
      this.increments.set(moments.products, at + 1 + NUMBER_COUNT);
      before = after;
    });
    this.userIds = users;
  }

  /**
   * @param variants by user; −1 leaves the user out
   * @param logs from which a variant's users come; this one where none is given. All hold the same users and days
   * @returns by variant, then by day: all who had come by the end of that day
   */
  split(variants: Int8Array, variantCount: number, logs: readonly (ReplayLog | undefined)[] = []): Moments[][] {
    const sums = new Float64Array(variantCount * this.dayCount * STRIDE);
    for (let row = 0; row < this.user.length; row++) {
      const variant = variants[this.user[row]];
      if (variant < 0) continue;
      const { increments } = logs[variant] ?? this;
      const to = (variant * this.dayCount + this.day[row]) * STRIDE;
      const from = row * STRIDE;
      for (let k = 0; k < STRIDE; k++) sums[to + k] += increments[from + k];
    }
    return Array.from({ length: variantCount }, (_, variant) => {
      const days: Moments[] = [];
      for (let day = 0; day < this.dayCount; day++) {
        const moments = new Moments();
        const at = (variant * this.dayCount + day) * STRIDE;
        moments.userCount = sums[at];
        moments.sums.set(sums.subarray(at + 1, at + 1 + NUMBER_COUNT));
        moments.products.set(sums.subarray(at + 1 + NUMBER_COUNT, at + STRIDE));
        days.push(day > 0 ? moments.addAll(days[day - 1]) : moments);
      }
      return days;
    });
  }
}
