/**
 * Normalisation of numbers by their cumulative distribution (paper §4.1): x ↦ P(X ≤ x), interpolated in straight lines
 * between quantiles that are taken of a sample of the examples.
 */
import type { Random } from '@watchnext/learning';

// Looked up once, for numbers by the million: Jest's globals are behind interceptors.
const { isNaN } = Number;

/** Largest float32 below 1: normalised numbers lie in [0, 1). */
const BELOW_ONE = 1 - 2 ** -24;

/** Rows sampled for the quantiles. A quantile's rank is then off by 0.2 points of 100 at one standard error. */
const SAMPLE_ROWS = 50_000;

/** Standard deviations that a logarithm may be off the mean. */
const MOST_DEVIATIONS = 4;

/**
 * A number whose values are this close, relative to their size, never varied: a mean of equal watches is 9.2 or 9.200000000000001,
 * as rounding has it, and what tells the two apart is how many there were. Above what a sum of millions is off by, below what
 * anyone measures.
 */
const SAME_VALUE = 1e-9;

/** Values beyond count as this one, so that the difference of two is finite. */
const LARGEST_VALUE = Number.MAX_VALUE / 4;

/** One number's distribution: distinct values ascending, and the share of the distribution at each. */
export class QuantileMap {
  /** By value, the logarithm less its mean over its standard deviation; empty where numbers may be negative. */
  private readonly logs: Float64Array;
  /** The interval of the last value: its logarithm, asked for next, is there too. */
  private lastInterval = 0;

  /**
   * @param values distinct and ascending; one only where the number never varied, none where it was never there.
   * @param positions in [0, 1], ascending, as many as `values`.
   * @param mayBeMissing whether the number was missing in any example.
   */
  constructor(
    readonly values: Float64Array,
    readonly positions: Float64Array,
    readonly mayBeMissing: boolean,
  ) {
    if (values.length !== positions.length) {
      throw new RangeError(`${values.length} quantile values with ${positions.length} positions`);
    }
    this.logs = standardLogs(values, positions);
  }

  /** Whether the number has a logarithm: never negative, and not always the same. */
  get hasLog(): boolean {
    return this.logs.length > 0;
  }

  /**
   * The logarithm of the number at a position in [0, 1), in standard deviations from its mean, as a float32. A position says
   * where among others a number is, and its tails are close together; watch times and rates multiply, so the sum of
   * logarithms is what a tower has to find. Beyond the least and the largest known value it stays where it is.
   */
  logAt(position: number): number {
    const { positions, logs } = this;
    const last = positions.length - 1;
    if (!(position > positions[0])) return Math.fround(logs[0]);
    if (position >= positions[last]) return Math.fround(logs[last]);
    let low = this.lastInterval;
    if (!(positions[low] <= position && position < positions[low + 1])) low = intervalOf(positions, position);
    const share = (position - positions[low]) / (positions[low + 1] - positions[low]);
    return Math.fround(logs[low] + share * (logs[low + 1] - logs[low]));
  }

  /** The same, but for whether the number may be missing. */
  withMissing(mayBeMissing: boolean): QuantileMap {
    return mayBeMissing === this.mayBeMissing ? this : new QuantileMap(this.values, this.positions, mayBeMissing);
  }

  /** Whether training could learn anything from the number: an input that never varied is left out of the row. */
  get isInformative(): boolean {
    return this.values.length > 1 || (this.values.length === 1 && this.mayBeMissing);
  }

  /**
   * Position of `value` in [0, 1), as a float32; NaN for NaN. Below the least known value 0, above the largest just
   * under 1. A number that never varied while training stays where it was: the tower knows nothing of other values.
   */
  positionOf(value: number): number {
    const { values, positions } = this;
    if (isNaN(value)) return value;
    if (values.length === 0) return NaN;
    const last = values.length - 1;
    if (last === 0) return 0.5;
    const known = bounded(value);
    if (known < values[0]) return 0;
    if (known > values[last]) return BELOW_ONE;
    const low = (this.lastInterval = intervalOf(values, known));
    const share = (known - values[low]) / (values[low + 1] - values[low]);
    return Math.min(Math.fround(positions[low] + share * (positions[low + 1] - positions[low])), BELOW_ONE);
  }
}

const bounded = (value: number) => Math.min(Math.max(value, -LARGEST_VALUE), LARGEST_VALUE);

/** Whether ascending values differ by rounding alone. */
function isConstant(sorted: Float64Array): boolean {
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  return most - least <= SAME_VALUE * Math.max(Math.abs(least), Math.abs(most));
}

/** The last of the borders that `value` is not below, or the last but one. @param borders ascending, at least two */
function intervalOf(borders: Float64Array, value: number): number {
  let low = 0;
  let high = borders.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (borders[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Zero has no logarithm, so a little is added first: a tenth of the smallest value above zero. The mean and the deviation are
 * of the distribution that the quantiles stand for. Empty where the logarithms do not differ.
 */
function standardLogs(values: Float64Array, positions: Float64Array): Float64Array {
  const smallest = values.find((value) => value > 0);
  if (values.length < 2 || values[0] < 0 || smallest === undefined) return new Float64Array(0);
  const shift = values[0] > 0 ? 0 : Math.max(smallest / 10, Number.MIN_VALUE);
  const logs = values.map((value) => Math.log(value + shift));
  // A value's share of the distribution reaches half-way to its neighbours.
  const last = values.length - 1;
  const border = (i: number) => (i < 0 ? 0 : i >= last ? 1 : (positions[i] + positions[i + 1]) / 2);
  const mean = (of: Float64Array) => of.reduce((sum, value, i) => sum + value * (border(i) - border(i - 1)), 0);
  const centre = mean(logs);
  const deviation = Math.sqrt(mean(logs.map((log) => (log - centre) ** 2)));
  if (!(deviation > 0)) return new Float64Array(0);
  return logs.map((log) => Math.min(Math.max((log - centre) / deviation, -MOST_DEVIATIONS), MOST_DEVIATIONS));
}

/**
 * A uniform sample of rows (Vitter's algorithm R), all of them where they are few.
 * @returns their numbers, ascending
 */
export function sampleOf(rowCount: number, random: Random): number[] {
  const members = Array.from({ length: Math.min(rowCount, SAMPLE_ROWS) }, (_, row) => row);
  for (let row = SAMPLE_ROWS; row < rowCount; row++) {
    const place = random.nextInt(row + 1);
    if (place < SAMPLE_ROWS) members[place] = row;
  }
  return members.sort((left, right) => left - right);
}

/**
 * Values at the ranks 0, 1/count, … 1. A value that many quantiles share gets the middle of their ranks, so that a
 * frequent value such as zero maps to one number, and its neighbours keep their order.
 * @param values finite, or NaN where missing
 */
export function quantileMapOf(values: Float64Array, quantileCount: number): QuantileMap {
  const sorted = values
    .filter((value) => !isNaN(value))
    .map(bounded)
    .sort();
  return quantileMapOfSorted(sorted, quantileCount, sorted.length < values.length);
}

function quantileMapOfSorted(sorted: Float64Array, quantileCount: number, mayBeMissing: boolean): QuantileMap {
  if (sorted.length === 0) return new QuantileMap(new Float64Array(0), new Float64Array(0), mayBeMissing);
  if (isConstant(sorted)) return new QuantileMap(sorted.slice(0, 1), Float64Array.of(0.5), mayBeMissing);
  const values: number[] = [];
  const positions: number[] = [];
  for (let quantile = 0; quantile <= quantileCount;) {
    const value = valueAtRank(sorted, quantile / quantileCount);
    let last = quantile;
    while (last < quantileCount && valueAtRank(sorted, (last + 1) / quantileCount) === value) last++;
    values.push(value);
    positions.push((quantile + last) / 2 / quantileCount);
    quantile = last + 1;
  }
  return new QuantileMap(Float64Array.from(values), Float64Array.from(positions), mayBeMissing);
}

/** The value at a rank in [0, 1], in a straight line between the two values next to it. */
function valueAtRank(sorted: Float64Array, rank: number): number {
  const place = rank * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  // The minimum guards the order of neighbouring ranks against the last bit of the sum.
  return Math.min(below + (place - Math.floor(place)) * (above - below), above);
}
