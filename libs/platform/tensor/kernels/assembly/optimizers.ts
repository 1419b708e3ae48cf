/**
 * The two optimizers of the training step, as `Adam` and `RowwiseAdagrad` of @watchnext/learning define them, in float32.
 */
import { multiplyAdd, sumOf } from './arithmetic';

/** @param count multiple of 4 */
export function adam(
  values: usize,
  gradients: usize,
  firstMoments: usize,
  secondMoments: usize,
  count: i32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  rate: f32,
  secondScale: f32,
): void {
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const rest1 = f32x4.splat(1 - beta1);
  const rest2 = f32x4.splat(1 - beta2);
  for (let at: usize = 0; at < <usize>count << 2; at += 16) {
    const g = v128.load(gradients + at);
    const m = multiplyAdd(b1, v128.load(firstMoments + at), f32x4.mul(rest1, g));
    const v = multiplyAdd(b2, v128.load(secondMoments + at), f32x4.mul(f32x4.mul(rest2, g), g));
    v128.store(firstMoments + at, m);
    v128.store(secondMoments + at, v);
    const root = f32x4.sqrt(f32x4.mul(v, f32x4.splat(secondScale)));
    const change = f32x4.div(f32x4.mul(f32x4.splat(rate), m), f32x4.add(root, f32x4.splat(epsilon)));
    v128.store(values + at, f32x4.sub(v128.load(values + at), change));
  }
}

/** Σ values: not finite if one of them is not. @param count multiple of 4 */
export function sum(values: usize, count: i32): f32 {
  let total = f32x4.splat(0);
  for (let at: usize = 0; at < <usize>count << 2; at += 16) total = f32x4.add(total, v128.load(values + at));
  return sumOf(total);
}

/**
 * Of the entries [count] of a table (its row, int32; where the gradient of that row lies; a factor to it), keeps those
 * whose row is `part` modulo `partCount`, a power of two, as 64-bit keys: the row, then the entry. Row 0 is left out.
 * @returns how many keys were written
 */
export function selectEntries(rows: usize, count: i32, part: u32, partCount: u32, keys: usize): i32 {
  let key = keys;
  for (let entry: i32 = 0; entry < count; entry++) {
    const row = load<u32>(rows + (<usize>entry << 2));
    if (row !== 0 && (row & (partCount - 1)) === part) {
      store<u64>(key, (<u64>row << 32) | <u64>entry);
      key += 8;
    }
  }
  return <i32>((key - keys) >> 3);
}

@inline
const DIGIT_BITS: u32 = 11;

/**
 * Sorts keys by row, keeping the order of a row's entries: least significant digit first.
 * @param other room for as many keys
 * @param counts room for 2^11 int32
 * @param largestRow no row is larger
 * @returns where the sorted keys lie: `keys` or `other`
 */
export function sortKeys(keys: usize, other: usize, count: i32, counts: usize, largestRow: u32): usize {
  let from = keys;
  let to = other;
  const digitCount: usize = 1 << DIGIT_BITS;
  for (let shift: u64 = 32; shift < 64 && largestRow >> (<u32>shift - 32) !== 0; shift += DIGIT_BITS) {
    memory.fill(counts, 0, digitCount << 2);
    const end = from + (<usize>count << 3);
    for (let key = from; key < end; key += 8) {
      const slot = counts + (<usize>((load<u64>(key) >> shift) & (digitCount - 1)) << 2);
      store<u32>(slot, load<u32>(slot) + 1);
    }
    let place: u32 = 0;
    for (let slot = counts; slot < counts + (digitCount << 2); slot += 4) {
      const size = load<u32>(slot);
      store<u32>(slot, place);
      place += size;
    }
    for (let key = from; key < end; key += 8) {
      const value = load<u64>(key);
      const slot = counts + (<usize>((value >> shift) & (digitCount - 1)) << 2);
      const at = load<u32>(slot);
      store<u32>(slot, at + 1);
      store<u64>(to + (<usize>at << 3), value);
    }
    const swapped = from;
    from = to;
    to = swapped;
  }
  return from;
}

/** Rows that are fetched at once: 64 of 64 numbers fill half of a core's nearest cache. */
@inline
const ROWS_AHEAD: i32 = 64;

/**
 * Reads one number of each cache line of the keys' rows, and their accumulators. Rows lie all over the memory; here the
 * processor waits for many of them at once, where in the update proper it would wait for one after the other.
 */
@inline
function fetchRows(keys: usize, end: usize, table: usize, tableStride: usize, bytes: usize, accumulators: usize): f32 {
  let touched: f32 = 0;
  for (let key = keys; key < end; key += 8) {
    const row = <usize>(<u32>(load<u64>(key) >> 32));
    const values = table + row * tableStride;
    touched += load<f32>(accumulators + (row << 2));
    for (let at: usize = 0; at < bytes; at += 64) touched += load<f32>(values + at);
  }
  return touched;
}

/**
 * Row-wise Adagrad with the summed gradient of each row, to which each use of a row adds `decay` of it.
 *
 * @param keys sorted by row, [count]
 * @param gradients where each entry's gradient lies, [entries]; `factors` float32, [entries]
 * @param dimensions of a row; `width` with the padding, where gradients are not looked at
 * @param scratch room for `width` numbers and one more
 */
export function adagrad(
  keys: usize,
  count: i32,
  gradients: usize,
  factors: usize,
  table: usize,
  tableStride: usize,
  width: i32,
  dimensions: i32,
  accumulators: usize,
  learningRate: f32,
  decay: f32,
  epsilon: f32,
  scratch: usize,
): void {
  const bytes = <usize>width << 2;
  const used = <usize>dimensions << 2;
  const end = keys + (<usize>count << 3);
  let fetched = keys;
  for (let key = keys; key < end; ) {
    if (key >= fetched) {
      fetched = min(key + (ROWS_AHEAD << 3), end);
      // Stored, so that reading them is not left out as useless.
      store<f32>(scratch + bytes, fetchRows(key, fetched, table, tableStride, bytes, accumulators));
    }
    const row = <u32>(load<u64>(key) >> 32);
    const entry = <usize>(<u32>load<u64>(key)) << 2;
    scaleInto(scratch, load<u32>(gradients + entry), load<f32>(factors + entry), bytes);
    const first = key;
    for (key += 8; key < end && <u32>(load<u64>(key) >> 32) === row; key += 8) {
      const next = <usize>(<u32>load<u64>(key)) << 2;
      addInto(scratch, load<u32>(gradients + next), load<f32>(factors + next), bytes);
    }
    const values = table + <usize>row * tableStride;
    if (decay !== 0) addInto(scratch, values, decay * <f32>(<u32>(key - first) >> 3), bytes);
    if (used !== bytes) memory.fill(scratch + used, 0, bytes - used);
    let squares = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) {
      const g = v128.load(scratch + at);
      squares = multiplyAdd(g, g, squares);
    }
    const square = sumOf(squares);
    if (square === 0) continue;
    const slot = accumulators + (<usize>row << 2);
    const accumulator = load<f32>(slot) + square / <f32>dimensions;
    store<f32>(slot, accumulator);
    const rate = f32x4.splat(-learningRate / (sqrt<f32>(accumulator) + epsilon));
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(values + at, multiplyAdd(v128.load(scratch + at), rate, v128.load(values + at)));
    }
  }
}

@inline
function scaleInto(target: usize, source: usize, factor: f32, bytes: usize): void {
  const scale = f32x4.splat(factor);
  for (let at: usize = 0; at < bytes; at += 16) v128.store(target + at, f32x4.mul(v128.load(source + at), scale));
}

@inline
function addInto(target: usize, source: usize, factor: f32, bytes: usize): void {
  const scale = f32x4.splat(factor);
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(target + at, multiplyAdd(v128.load(source + at), scale, v128.load(target + at)));
  }
}
