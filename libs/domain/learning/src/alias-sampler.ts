import type { Random } from './random';

/**
 * Draws indices with probability proportional to given weights, in constant time each: Walker's alias method, built in
 * linear time as Vose (1991) does.
 */
export class AliasSampler {
  /** [n], sums to 1. */
  readonly probabilities: Float64Array;
  /** Chance to stay with the column drawn; otherwise its alias is taken. */
  private readonly threshold: Float64Array;
  private readonly alias: Int32Array;

  /** @throws RangeError when a weight is negative or not finite, or none is positive */
  constructor(weights: ArrayLike<number>) {
    const count = weights.length;
    let total = 0;
    for (let i = 0; i < count; i++) {
      if (!(weights[i] >= 0 && weights[i] < Infinity)) throw new RangeError(`weight ${i} is ${weights[i]}`);
      total += weights[i];
    }
    if (!(total > 0 && total < Infinity)) throw new RangeError('sampling needs a positive, finite sum of weights');
    this.probabilities = Float64Array.from({ length: count }, (_, i) => weights[i] / total);
    this.threshold = new Float64Array(count);
    this.alias = new Int32Array(count);
    this.fillColumns();
  }

  get size(): number {
    return this.probabilities.length;
  }

  sample(random: Random): number {
    const column = random.nextInt(this.probabilities.length);
    return random.next() < this.threshold[column] ? column : this.alias[column];
  }

  private fillColumns(): void {
    const count = this.probabilities.length;
    const left = this.probabilities.map((probability) => probability * count);
    const small: number[] = [];
    const large: number[] = [];
    for (let i = 0; i < count; i++) (left[i] < 1 ? small : large).push(i);
    while (small.length > 0 && large.length > 0) {
      const under = small.pop() as number;
      const over = large[large.length - 1];
      this.threshold[under] = left[under];
      this.alias[under] = over;
      left[over] -= 1 - left[under];
      if (left[over] < 1) small.push(large.pop() as number);
    }
    // What remains is 1 up to rounding, but a weight of zero must stay impossible: it takes the heaviest as its alias.
    let heaviest = 0;
    for (let i = 1; i < count; i++) if (this.probabilities[i] > this.probabilities[heaviest]) heaviest = i;
    for (const i of [...small, ...large]) {
      this.threshold[i] = this.probabilities[i] === 0 ? 0 : 1;
      this.alias[i] = heaviest;
    }
  }
}
