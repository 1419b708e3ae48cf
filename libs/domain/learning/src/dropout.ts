/**
 * Dropout (Srivastava et al., JMLR 2014) whose masks are a function of a seed, a layer and a place, drawn from no stream:
 * any engine computes the same mask in any order, on as many threads as it likes, and backward finds it again without
 * having kept it.
 */
export interface DropoutSite {
  /** One seed for each step, 0 to 2^32 − 1. */
  readonly seed: number;
  /** 0 is the input, 1 the first hidden layer, … */
  readonly layer: number;
  /** Share of the numbers that become 0; the others are divided by 1 − rate, so that sums keep their expectation. */
  readonly rate: number;
}

/**
 * Applies the mask in place: to values before a layer, or to the gradients that come back to them.
 *
 * Number (row, column) is kept if mix((row · width + column) · 0x9e3779b1 ⊕ mix(seed ⊕ (layer + 1) · 0x9e3779b9)) is at least
 * rate · 2^32, in unsigned 32-bit arithmetic.
 *
 * @param values [rows, width]
 * @param columnCount the first columns of each row only
 */
export function applyDropout(values: Float32Array, width: number, columnCount: number, site: DropoutSite): void {
  if (site.rate === 0) return;
  const { key, threshold, factor } = dropoutMask(site);
  for (let from = 0; from < values.length; from += width) {
    for (let at = from; at < from + columnCount; at++) {
      const bits = mix(Math.imul(at, 0x9e3779b1) ^ key) >>> 0;
      values[at] = bits < threshold ? 0 : values[at] * factor;
    }
  }
}

/** The numbers that a mask is made with, for engines that make it themselves. */
export interface DropoutMask {
  /** mix(seed ⊕ (layer + 1) · 0x9e3779b9), int32. */
  readonly key: number;
  /** Bits below it are dropped: an integer. */
  readonly threshold: number;
  /** What numbers that are kept are multiplied by: a float32. */
  readonly factor: number;
}

export function dropoutMask({ seed, layer, rate }: DropoutSite): DropoutMask {
  return {
    key: mix(seed ^ Math.imul(layer + 1, 0x9e3779b9)),
    threshold: Math.ceil(rate * 2 ** 32),
    factor: Math.fround(1 / (1 - rate)),
  };
}

/** Every bit of the result depends on every bit of x: the finaliser "lowbias32" (Wellons, hash-prospector). */
function mix(x: number): number {
  let bits = x;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return bits ^ (bits >>> 16);
}
