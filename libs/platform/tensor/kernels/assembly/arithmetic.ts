/** Four float32 at once. */

/** a·b + c: fused and rounded once where the build has relaxed SIMD, otherwise rounded twice. */
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.relaxed_madd<f32>(a, b, c) : f32x4.add(c, f32x4.mul(a, b));
}

@inline
export function sumOf(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

@inline
const LEAST_EXPONENT: f32 = -32;

/**
 * e^x within 2 units in the last place for x from -32 to 88; 0 below, NaN for NaN. In a sum with 1, which is what it is
 * for, anything below is lost anyway, while gradients and their squares would leave the normal numbers, with which
 * processors are slow. Cody and Waite's reduction to x = n·ln 2 + r, |r| ≤ ln 2 / 2, and the Taylor polynomial of e^r.
 */
@inline
export function exponential(x: v128): v128 {
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896)));
  // ln 2 in two parts, the first short enough for n times it to be exact.
  const r = f32x4.sub(
    f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))),
    f32x4.mul(n, f32x4.splat(-2.12194440e-4)),
  );
  let series = f32x4.splat(1.0 / 720.0);
  series = multiplyAdd(series, r, f32x4.splat(1.0 / 120.0));
  series = multiplyAdd(series, r, f32x4.splat(1.0 / 24.0));
  series = multiplyAdd(series, r, f32x4.splat(1.0 / 6.0));
  series = multiplyAdd(series, r, f32x4.splat(0.5));
  series = multiplyAdd(series, r, f32x4.splat(1));
  series = multiplyAdd(series, r, f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  const tooSmall = f32x4.lt(x, f32x4.splat(LEAST_EXPONENT));
  return v128.andnot(f32x4.mul(series, power), tooSmall);
}
