/**
 * First and second moments of the users' numbers: all that the delta method and CUPED need, whatever the number of users.
 * They add up: by day, by cohort, by partition.
 */
import { USER_NUMBERS, type UserNumber } from './metrics';

export const NUMBER_COUNT = USER_NUMBERS.length;
const INDEX = Object.fromEntries(USER_NUMBERS.map((name, index) => [name, index])) as Record<UserNumber, number>;
/** Where the product of two numbers stands in `products`. */
export const productIndex = (i: number, j: number): number =>
  i <= j ? i * NUMBER_COUNT - (i * (i - 1)) / 2 + (j - i) : productIndex(j, i);
export const PRODUCT_COUNT = (NUMBER_COUNT * (NUMBER_COUNT + 1)) / 2;

export type UserNumbers = Readonly<Record<UserNumber, number>>;

export class Moments {
  userCount = 0;
  readonly sums = new Float64Array(NUMBER_COUNT);
  readonly products = new Float64Array(PRODUCT_COUNT);

  /** @param weight −1 takes a user out again */
  add(numbers: UserNumbers, weight = 1): void {
    this.userCount += weight;
    for (let i = 0, p = 0; i < NUMBER_COUNT; i++) {
      const a = numbers[USER_NUMBERS[i]];
      this.sums[i] += weight * a;
      for (let j = i; j < NUMBER_COUNT; j++, p++) this.products[p] += weight * a * numbers[USER_NUMBERS[j]];
    }
  }

  addAll(other: Moments): this {
    this.userCount += other.userCount;
    for (let i = 0; i < NUMBER_COUNT; i++) this.sums[i] += other.sums[i];
    for (let p = 0; p < PRODUCT_COUNT; p++) this.products[p] += other.products[p];
    return this;
  }

  copy(): Moments {
    return new Moments().addAll(this);
  }

  sum(name: UserNumber): number {
    return this.sums[INDEX[name]];
  }

  mean(name: UserNumber): number {
    return this.sum(name) / this.userCount;
  }

  /** Covariance over users, with divisor n − 1. */
  covariance(a: UserNumber, b: UserNumber): number {
    const centred = this.products[productIndex(INDEX[a], INDEX[b])] - (this.sum(a) * this.sum(b)) / this.userCount;
    return centred / (this.userCount - 1);
  }

  variance(name: UserNumber): number {
    return Math.max(0, this.covariance(name, name));
  }
}
