/**
 * Rows of embedding tables and of matrices. Addresses and strides are in bytes, widths in numbers and multiples of 8;
 * indices are int32 in memory.
 */
import { multiplyAdd, sumOf } from './arithmetic';

/** out[i] = table[rows[i]] */
export function gatherRows(
  table: usize,
  tableStride: usize,
  width: i32,
  rows: usize,
  from: i32,
  to: i32,
  out: usize,
  outStride: usize,
): void {
  const bytes = <usize>width << 2;
  for (let i = from; i < to; i++) {
    memory.copy(out + <usize>i * outStride, table + <usize>load<u32>(rows + (<usize>i << 2)) * tableStride, bytes);
  }
}

/** out[i] = the mean of table[rows[starts[i]]] … table[rows[starts[i + 1] - 1]]: zeros for none. */
export function meanOfRows(
  table: usize,
  tableStride: usize,
  width: i32,
  rows: usize,
  starts: usize,
  from: i32,
  to: i32,
  out: usize,
  outStride: usize,
): void {
  for (let i = from; i < to; i++) {
    const first = rows + (<usize>load<i32>(starts + (<usize>i << 2)) << 2);
    const end = rows + (<usize>load<i32>(starts + (<usize>(i + 1) << 2)) << 2);
    const share = f32x4.splat(shareOf(<i32>((end - first) >> 2)));
    const target = out + <usize>i * outStride;
    let at: i32 = 0;
    for (; at + 32 <= width; at += 32) {
      const column = table + (<usize>at << 2);
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let s4 = s0;
      let s5 = s0;
      let s6 = s0;
      let s7 = s0;
      for (let p = first; p < end; p += 4) {
        const row = column + <usize>load<u32>(p) * tableStride;
        s0 = f32x4.add(s0, v128.load(row, 0));
        s1 = f32x4.add(s1, v128.load(row, 16));
        s2 = f32x4.add(s2, v128.load(row, 32));
        s3 = f32x4.add(s3, v128.load(row, 48));
        s4 = f32x4.add(s4, v128.load(row, 64));
        s5 = f32x4.add(s5, v128.load(row, 80));
        s6 = f32x4.add(s6, v128.load(row, 96));
        s7 = f32x4.add(s7, v128.load(row, 112));
      }
      const to = target + (<usize>at << 2);
      v128.store(to, f32x4.mul(s0, share), 0);
      v128.store(to, f32x4.mul(s1, share), 16);
      v128.store(to, f32x4.mul(s2, share), 32);
      v128.store(to, f32x4.mul(s3, share), 48);
      v128.store(to, f32x4.mul(s4, share), 64);
      v128.store(to, f32x4.mul(s5, share), 80);
      v128.store(to, f32x4.mul(s6, share), 96);
      v128.store(to, f32x4.mul(s7, share), 112);
    }
    for (; at < width; at += 8) {
      const column = table + (<usize>at << 2);
      let s0 = f32x4.splat(0);
      let s1 = s0;
      for (let p = first; p < end; p += 4) {
        const row = column + <usize>load<u32>(p) * tableStride;
        s0 = f32x4.add(s0, v128.load(row, 0));
        s1 = f32x4.add(s1, v128.load(row, 16));
      }
      const to = target + (<usize>at << 2);
      v128.store(to, f32x4.mul(s0, share), 0);
      v128.store(to, f32x4.mul(s1, share), 16);
    }
  }
}

/** As `meanOfRows`, for rows of any number of `dimensions` into columns anywhere. */
export function meanOfColumns(
  table: usize,
  tableStride: usize,
  dimensions: i32,
  rows: usize,
  starts: usize,
  from: i32,
  to: i32,
  out: usize,
  outStride: usize,
): void {
  for (let i = from; i < to; i++) {
    const first = rows + (<usize>load<i32>(starts + (<usize>i << 2)) << 2);
    const end = rows + (<usize>load<i32>(starts + (<usize>(i + 1) << 2)) << 2);
    const share = shareOf(<i32>((end - first) >> 2));
    const target = out + <usize>i * outStride;
    for (let at: usize = 0; at < <usize>dimensions << 2; at += 4) {
      let sum: f32 = 0;
      for (let p = first; p < end; p += 4) sum += load<f32>(table + <usize>load<u32>(p) * tableStride + at);
      store<f32>(target + at, sum * share);
    }
  }
}

/** out[i] = the first `count` numbers of source[i]. */
export function copyRows(
  source: usize,
  sourceStride: usize,
  count: i32,
  from: i32,
  to: i32,
  out: usize,
  outStride: usize,
): void {
  for (let i = from; i < to; i++) {
    memory.copy(out + <usize>i * outStride, source + <usize>i * sourceStride, <usize>count << 2);
  }
}

@inline
export function shareOf(count: i32): f32 {
  return count === 0 ? 0 : <f32>1 / <f32>count;
}

/** out[i] = a[i] · b[i], for rows of `width`. */
export function dotRows(
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  width: i32,
  from: i32,
  to: i32,
  out: usize,
): void {
  for (let i = from; i < to; i++) {
    const rowA = a + <usize>i * aStride;
    const rowB = b + <usize>i * bStride;
    let sum = f32x4.splat(0);
    for (let at: usize = 0; at < <usize>width << 2; at += 16) {
      sum = multiplyAdd(v128.load(rowA + at), v128.load(rowB + at), sum);
    }
    store<f32>(
      out + (<usize>i << 2),
      f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3),
    );
  }
}

/** target[i] += scales[i] · rows[i], for rows of `width`. */
export function addScaledRows(
  rows: usize,
  rowsStride: usize,
  scales: usize,
  width: i32,
  from: i32,
  to: i32,
  target: usize,
  targetStride: usize,
): void {
  for (let i = from; i < to; i++) {
    const row = rows + <usize>i * rowsStride;
    const sum = target + <usize>i * targetStride;
    const scale = v128.load32_splat(scales + (<usize>i << 2));
    for (let at: usize = 0; at < <usize>width << 2; at += 16) {
      v128.store(sum + at, multiplyAdd(v128.load(row + at), scale, v128.load(sum + at)));
    }
  }
}

/** ReLU in place. NaN stays NaN, so that a broken number is seen: which `max` and `min` would also do, but slower. */
export function relu(values: usize, stride: usize, width: i32, from: i32, to: i32): void {
  for (let i = from; i < to; i++) {
    const row = values + <usize>i * stride;
    for (let at = row; at < row + (<usize>width << 2); at += 16) {
      v128.store(at, f32x4.pmax(v128.load(at), f32x4.splat(0)));
    }
  }
}

/** gradient[i] = output[i] > 0 ? factor · gradient[i] : 0: back through a ReLU, and the dropout after it. */
export function maskByPositive(
  gradient: usize,
  output: usize,
  stride: usize,
  width: i32,
  from: i32,
  to: i32,
  factor: f32,
): void {
  const scale = f32x4.splat(factor);
  for (let i = from; i < to; i++) {
    const row = <usize>i * stride;
    for (let at = row; at < row + (<usize>width << 2); at += 16) {
      const isPositive = f32x4.gt(v128.load(output + at), f32x4.splat(0));
      v128.store(gradient + at, v128.and(f32x4.mul(v128.load(gradient + at), scale), isPositive));
    }
  }
}

/**
 * Dropout as `applyDropout` of @watchnext/learning defines it, on `width` columns of the rows from … to.
 * @param wholeWidth of the layer, as the mask counts
 * @param firstColumn as the mask counts, of the column at `values`
 * @param threshold rate · 2^32, rounded up
 */
export function dropout(
  values: usize,
  stride: usize,
  width: i32,
  from: i32,
  to: i32,
  wholeWidth: i32,
  firstColumn: i32,
  key: i32,
  threshold: u32,
  factor: f32,
): void {
  const scale = f32x4.splat(factor);
  const keys = i32x4.splat(key);
  const thresholds = i32x4.splat(<i32>threshold ^ i32.MIN_VALUE);
  for (let i = from; i < to; i++) {
    const row = values + <usize>i * stride;
    let place = i32x4.add(i32x4.splat(i * wholeWidth + firstColumn), i32x4(0, 1, 2, 3));
    for (let at: usize = 0; at < <usize>width << 2; at += 16) {
      let bits = v128.xor(i32x4.mul(place, i32x4.splat(0x9e3779b1)), keys);
      bits = i32x4.mul(v128.xor(bits, i32x4.shr_u(bits, 16)), i32x4.splat(0x7feb352d));
      bits = i32x4.mul(v128.xor(bits, i32x4.shr_u(bits, 15)), i32x4.splat(0x846ca68b));
      bits = v128.xor(bits, i32x4.shr_u(bits, 16));
      // Unsigned comparison by flipping the sign bits.
      const dropped = i32x4.lt_s(v128.xor(bits, i32x4.splat(i32.MIN_VALUE)), thresholds);
      v128.store(row + at, v128.andnot(f32x4.mul(v128.load(row + at), scale), dropped));
      place = i32x4.add(place, i32x4.splat(4));
    }
  }
}

/**
 * For each index of the rows' lists: where the gradient of the mean lies, and its share in it.
 * @param starts as of `meanOfRows`; `addresses` and `shares` begin with the first index of all rows
 */
export function describeMeans(
  starts: usize,
  from: i32,
  to: i32,
  gradients: usize,
  gradientStride: usize,
  addresses: usize,
  shares: usize,
): void {
  for (let i = from; i < to; i++) {
    const first = load<i32>(starts + (<usize>i << 2));
    const end = load<i32>(starts + (<usize>(i + 1) << 2));
    const share = shareOf(end - first);
    const gradient = gradients + <usize>i * gradientStride;
    for (let entry = first; entry < end; entry++) {
      store<u32>(addresses + (<usize>entry << 2), <u32>gradient);
      store<f32>(shares + (<usize>entry << 2), share);
    }
  }
}

/**
 * Rows to the length `scale`, in place, as scaleToLength of @watchnext/candidate-model defines it.
 * @param factors get what each row was multiplied by, 0 for a row of zeros
 */
export function scaleRows(
  rows: usize,
  stride: usize,
  width: i32,
  from: i32,
  to: i32,
  scale: f32,
  factors: usize,
): void {
  const bytes = <usize>width << 2;
  for (let i = from; i < to; i++) {
    const row = rows + <usize>i * stride;
    let squares = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) {
      const x = v128.load(row + at);
      squares = multiplyAdd(x, x, squares);
    }
    const length = sqrt<f32>(sumOf(squares));
    const factor: f32 = length > 0 ? scale / length : 0;
    const factor4 = f32x4.splat(factor);
    for (let at: usize = 0; at < bytes; at += 16) v128.store(row + at, f32x4.mul(v128.load(row + at), factor4));
    store<f32>(factors + (<usize>i << 2), factor);
  }
}

/**
 * Back through `scaleRows`: out[i] = factor · (g - y (y·g) / scale²), which may be where g or y is.
 * @param gradients g, by the scaled rows y
 */
export function scaledRowGradients(
  gradients: usize,
  gradientStride: usize,
  scaled: usize,
  scaledStride: usize,
  width: i32,
  from: i32,
  to: i32,
  factors: usize,
  scale: f32,
  out: usize,
  outStride: usize,
): void {
  const bytes = <usize>width << 2;
  for (let i = from; i < to; i++) {
    const gradient = gradients + <usize>i * gradientStride;
    const row = scaled + <usize>i * scaledStride;
    const target = out + <usize>i * outStride;
    let products = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) {
      products = multiplyAdd(v128.load(row + at), v128.load(gradient + at), products);
    }
    const along = f32x4.splat(-sumOf(products) / (scale * scale));
    const factor = v128.load32_splat(factors + (<usize>i << 2));
    for (let at: usize = 0; at < bytes; at += 16) {
      const across = multiplyAdd(v128.load(row + at), along, v128.load(gradient + at));
      v128.store(target + at, f32x4.mul(across, factor));
    }
  }
}
