/**
 * The paper's Fig. 4: how popular a model takes videos to be by their age, beside how popular they were.
 *
 * Users are held out, not days: their watches lie all over the training window, and a model is asked at the time of
 * each, with the example age that belongs to it. What the softmax gives to all videos of an age is set beside how many of
 * the watches fell on videos of that age.
 */
import type { IndexSource } from '@watchnext/evaluation';
import { DAY_MS } from '@watchnext/features';

/** Days from upload to watch, both ends included; what lies beyond them is left out. Below 0: not uploaded yet. */
export interface AgeRange {
  readonly first: number;
  readonly last: number;
}

export interface AgeCurve {
  readonly firstAgeDay: number;
  readonly users: readonly {
    readonly userId: string;
    /** Σ over the user's watches of the probability given to videos of each age, from `firstAgeDay` on. */
    readonly predicted: readonly number[];
    /** How many of them were of a video of that age. */
    readonly observed: readonly number[];
  }[];
  /** Videos of each age that there were to choose from, summed over the watches. */
  readonly offered: readonly number[];
}

/** Gathers a curve, watch by watch. */
export class AgeCurveBuilder {
  private readonly byUser = new Map<string, { predicted: number[]; observed: number[] }>();
  private readonly offered: number[];
  private readonly dayCount: number;

  /** @param uploadedAtMs of each video in the order of `probabilities`; NaN where it is not known */
  constructor(
    private readonly ages: AgeRange,
    private readonly uploadedAtMs: Float64Array,
  ) {
    this.dayCount = ages.last - ages.first + 1;
    this.offered = zeros(this.dayCount);
  }

  add(userId: string, atMs: number, label: number, probabilities: ArrayLike<number>): void {
    let user = this.byUser.get(userId);
    if (!user) this.byUser.set(userId, (user = { predicted: zeros(this.dayCount), observed: zeros(this.dayCount) }));
    for (let video = 0; video < this.uploadedAtMs.length; video++) {
      const day = Math.floor((atMs - this.uploadedAtMs[video]) / DAY_MS) - this.ages.first;
      if (!(day >= 0 && day < this.dayCount)) continue;
      this.offered[day] += 1;
      user.predicted[day] += probabilities[video];
      if (video === label) user.observed[day] += 1;
    }
  }

  result(): AgeCurve {
    const users = [...this.byUser].map(([userId, sums]) => ({ userId, ...sums }));
    return { firstAgeDay: this.ages.first, users, offered: this.offered };
  }
}

export interface CurvePoint {
  readonly ageDays: number;
  /** Watches of a video of that age, in units of what an average one of any age gets. */
  readonly predicted: number;
  readonly observed: number;
}

/** The curve of all users together. */
export function curvePoints({ firstAgeDay, users, offered }: AgeCurve): CurvePoint[] {
  const predicted = sumOf(users.map((user) => user.predicted));
  const observed = sumOf(users.map((user) => user.observed));
  const unit = total(observed) / total(offered);
  return offered.flatMap((count, day) =>
    count === 0
      ? []
      : [
          {
            ageDays: day + firstAgeDay,
            predicted: predicted[day] / count / unit,
            observed: observed[day] / count / unit,
          },
        ],
  );
}

/** Share of the watches that the model puts at a wrong age: Σ|predicted − observed| / 2 Σ observed, over the ages. */
export function misplacedShare(users: AgeCurve['users']): number {
  const predicted = sumOf(users.map((user) => user.predicted));
  const observed = sumOf(users.map((user) => user.observed));
  const scale = total(observed) / total(predicted);
  return (
    observed.reduce((sum, watches, day) => sum + Math.abs(predicted[day] * scale - watches), 0) / (2 * total(observed))
  );
}

/**
 * Misplaced share of the second less that of the first, the same users drawn for both.
 * @param first, second curves of the same held-out users, one for each seed
 */
export function compareCurves(
  first: readonly AgeCurve[],
  second: readonly AgeCurve[],
  random: IndexSource,
  draws = 500,
) {
  const mean = (curves: readonly AgeCurve[], pick: (users: AgeCurve['users']) => AgeCurve['users']) =>
    curves.reduce((sum, { users }) => sum + misplacedShare(pick(users)), 0) / curves.length;
  const difference = (pick: (users: AgeCurve['users']) => AgeCurve['users']) => mean(second, pick) - mean(first, pick);
  const userCount = first[0].users.length;
  const differences = Array.from({ length: draws }, () => {
    const drawn = Int32Array.from({ length: userCount }, () => random.nextInt(userCount));
    return difference((users) => Array.from(drawn, (index) => users[index]));
  }).sort((a, b) => a - b);
  return {
    difference: difference((users) => users),
    interval: { low: differences[Math.round(0.025 * (draws - 1))], high: differences[Math.round(0.975 * (draws - 1))] },
  };
}

const zeros = (count: number) => new Array<number>(count).fill(0);
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

function sumOf(rows: readonly (readonly number[])[]): number[] {
  const sums = zeros(rows[0].length);
  for (const row of rows) for (let i = 0; i < sums.length; i++) sums[i] += row[i];
  return sums;
}
