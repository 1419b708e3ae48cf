/**
 * The distributions that the tests need. Accuracies are held by the specs against published tables.
 */

/** Coefficients of Lanczos' approximation, g = 7, n = 9 (Godfrey): relative error below 1e-14 for x > 0. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x), x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const y = x - 1;
  let sum = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i] / (y + i);
  const t = y + LANCZOS.length - 1.5;
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}

const SERIES_LIMIT = 10_000;
const PRECISION = 1e-15;

/** Q(a, x) = Γ(a, x) / Γ(a): by the series of P for x < a + 1, else by Legendre's continued fraction (Lentz). */
function upperGammaShare(a: number, x: number): number {
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  const scale = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < SERIES_LIMIT && term > sum * PRECISION; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - sum * scale;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < SERIES_LIMIT; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    const change = c * d;
    h *= change;
    if (Math.abs(change - 1) < PRECISION) break;
  }
  return scale * h;
}

/** P(X ≥ x) for X chi-square distributed. */
export function chiSquareTail(x: number, degreesOfFreedom: number): number {
  return upperGammaShare(degreesOfFreedom / 2, x / 2);
}

/**
 * P(X = k), X binomially distributed.
 * @param p from 0 to 1
 */
export function binomialProbability(n: number, k: number, p: number): number {
  // 0 · ln 0 is 0 here.
  const logChances = (k > 0 ? k * Math.log(p) : 0) + (k < n ? (n - k) * Math.log1p(-p) : 0);
  return Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) + logChances);
}

/** P(X ≤ k) for k = 0 … n, of the same. */
export function binomialCdf(n: number, p: number): Float64Array {
  const cumulated = new Float64Array(n + 1);
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    sum += binomialProbability(n, k, p);
    cumulated[k] = Math.min(1, sum);
  }
  return cumulated;
}

/** Φ(z). */
export function normalCdf(z: number): number {
  const tail = 0.5 * upperGammaShare(0.5, (z * z) / 2);
  return z < 0 ? tail : 1 - tail;
}

/** P(|Z| ≥ |z|). */
export function twoSidedNormalTail(z: number): number {
  return upperGammaShare(0.5, (z * z) / 2);
}

/** Φ⁻¹(p) by Newton's method on the tail, which keeps its digits where p is small. @throws RangeError outside (0, 1) */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a probability strictly between 0 and 1, not ${p}`);
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0.5) return 0;
  // The tail is log-concave, so that Newton on its logarithm converges from any start to the left.
  let z = -Math.sqrt(-2 * Math.log(p));
  for (let step = 0; step < 50; step++) {
    const tail = normalCdf(z);
    const change = ((Math.log(tail) - Math.log(p)) * tail) / normalDensity(z);
    z -= change;
    if (Math.abs(change) < 1e-14 * Math.max(1, Math.abs(z))) break;
  }
  return z;
}

/**
 * Quantile of Student's t, by the expansion about the normal one (Abramowitz and Stegun 26.7.5): to 0.001 from 10 degrees of freedom
 * on, and to 0.00002 from 29.
 */
export function studentQuantile(p: number, degreesOfFreedom: number): number {
  const z = normalQuantile(p);
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
  ];
  return terms.reduce((sum, term, order) => sum + term / degreesOfFreedom ** (order + 1), z);
}

function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}
