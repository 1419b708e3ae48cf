/**
 * Several user vectors of an example in the step with TensorFlow.js, routed on the host: row i · interests + k of users, products and their gradients belongs to
 * vector k of example i. What scores highest counts, and gets the gradient (engine.ts of @watchnext/candidate-model).
 */
import { dot } from './candidate-rows';

/** For each example the user vector that scores its label highest. */
export class RoutedLabels {
  /** [rowCount, dimensions] */
  readonly users: Float32Array;
  /** Row of all users' vectors that it is, [rowCount]. */
  private readonly routes: Int32Array;
  private readonly dimensions: number;

  /**
   * @param allUsers [rowCount · interests, dimensions]
   * @param labelVectors [rowCount, dimensions]
   */
  constructor(
    private readonly allUsers: Float32Array,
    labelVectors: Float32Array,
    rowCount: number,
    interests: number,
  ) {
    const dimensions = labelVectors.length / rowCount;
    this.dimensions = dimensions;
    this.users = new Float32Array(rowCount * dimensions);
    this.routes = Int32Array.from({ length: rowCount }, (_, i) => {
      const label = labelVectors.subarray(i * dimensions, (i + 1) * dimensions);
      const products = Array.from({ length: interests }, (_product, k) =>
        dot(this.userAt(i * interests + k), label, 0, dimensions),
      );
      const best = products.reduce(
        (found, product, k) => (product > products[found] || Number.isNaN(product) ? k : found),
        0,
      );
      return i * interests + best;
    });
    this.routes.forEach((route, i) => this.users.set(this.userAt(route), i * dimensions));
  }

  /** Gradients by the routed vectors, [rowCount, dimensions], as those by all: zero for the others. */
  toUsers(gradients: Float32Array): Float32Array {
    const { dimensions } = this;
    const all = new Float32Array(this.allUsers.length);
    this.routes.forEach((route, i) =>
      all.set(gradients.subarray(i * dimensions, (i + 1) * dimensions), route * dimensions),
    );
    return all;
  }

  private userAt(row: number): Float32Array {
    return this.allUsers.subarray(row * this.dimensions, (row + 1) * this.dimensions);
  }
}

/** The greatest of each example's products with a video, and the way back for gradients by them. */
export class GreatestProducts {
  /** [rowCount, width] */
  readonly values: Float32Array;
  /** Which of the example's vectors gave each, [rowCount, width]. */
  private readonly routes: Uint8Array;

  /** @param products [rowCount · interests, width] */
  constructor(
    products: Float32Array,
    private readonly interests: number,
    private readonly width: number,
  ) {
    this.values = new Float32Array(products.length / interests);
    this.routes = new Uint8Array(this.values.length);
    for (let place = 0; place < this.values.length; place++) {
      let best = 0;
      for (let k = 1; k < interests; k++) {
        const product = products[this.placeOf(place, k)];
        // NaN counts as the greatest, so that a broken number is seen.
        if (product > products[this.placeOf(place, best)] || Number.isNaN(product)) best = k;
      }
      this.routes[place] = best;
      this.values[place] = products[this.placeOf(place, best)];
    }
  }

  /** From gradients by the greatest, [rowCount, width], to those by all products, [rowCount · interests, width]. */
  through(gradients: Float32Array): Float32Array {
    const all = new Float32Array(gradients.length * this.interests);
    gradients.forEach((gradient, place) => (all[this.placeOf(place, this.routes[place])] = gradient));
    return all;
  }

  private placeOf(place: number, k: number): number {
    const { width, interests } = this;
    const row = Math.floor(place / width);
    return (row * interests + k) * width + (place - row * width);
  }
}
