/**
 * Heads over a history, as HistoryHeads of @watchnext/candidate-model defines them: weighted averages of the watches, four
 * heads at a time, one in each lane. Beside each index of a history stand, in memory of their own, 16 bytes for each four
 * heads; heads beyond the last are computed on zeros and left out at the end.
 */
import { exponential, multiplyAdd } from './arithmetic';

@inline
const LANE_HEADS: i32 = 4;

@inline
function startOf(starts: usize, i: i32): i32 {
  return load<i32>(starts + (<usize>i << 2));
}

/** The dot products of `row` with four vectors that stand one behind the other. */
@inline
function fourDots(row: usize, vectors: usize, bytes: usize): v128 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let at: usize = 0; at < bytes; at += 16) {
    const x = v128.load(row + at);
    s0 = multiplyAdd(x, v128.load(vectors + at), s0);
    s1 = multiplyAdd(x, v128.load(vectors + at + bytes), s1);
    s2 = multiplyAdd(x, v128.load(vectors + at + 2 * bytes), s2);
    s3 = multiplyAdd(x, v128.load(vectors + at + 3 * bytes), s3);
  }
  const low01 = v128.shuffle<f32>(s0, s1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(s0, s1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(s2, s3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(s2, s3, 2, 6, 3, 7);
  const sums01 = f32x4.add(low01, high01);
  const sums23 = f32x4.add(low23, high23);
  return f32x4.add(v128.shuffle<f64>(sums01, sums23, 0, 2), v128.shuffle<f64>(sums01, sums23, 1, 3));
}

/** out[h] = Σ weights[e, h] · table[rows[e]] for the indices first … end and four heads; each out [width]. */
@inline
function fourSums(
  table: usize,
  tableStride: usize,
  rows: usize,
  first: i32,
  end: i32,
  weights: usize,
  weightStride: usize,
  bytes: usize,
  out: usize,
): void {
  for (let at: usize = 0; at < bytes; at += 32) {
    let s00 = f32x4.splat(0);
    let s01 = s00;
    let s10 = s00;
    let s11 = s00;
    let s20 = s00;
    let s21 = s00;
    let s30 = s00;
    let s31 = s00;
    for (let e = first; e < end; e++) {
      const row = table + <usize>load<u32>(rows + (<usize>e << 2)) * tableStride + at;
      const x0 = v128.load(row, 0);
      const x1 = v128.load(row, 16);
      const weight = weights + <usize>e * weightStride;
      const w0 = v128.load32_splat(weight, 0);
      s00 = multiplyAdd(x0, w0, s00);
      s01 = multiplyAdd(x1, w0, s01);
      const w1 = v128.load32_splat(weight, 4);
      s10 = multiplyAdd(x0, w1, s10);
      s11 = multiplyAdd(x1, w1, s11);
      const w2 = v128.load32_splat(weight, 8);
      s20 = multiplyAdd(x0, w2, s20);
      s21 = multiplyAdd(x1, w2, s21);
      const w3 = v128.load32_splat(weight, 12);
      s30 = multiplyAdd(x0, w3, s30);
      s31 = multiplyAdd(x1, w3, s31);
    }
    const to = out + at;
    v128.store(to, s00, 0);
    v128.store(to, s01, 16);
    v128.store(to + bytes, s10, 0);
    v128.store(to + bytes, s11, 16);
    v128.store(to + 2 * bytes, s20, 0);
    v128.store(to + 2 * bytes, s21, 16);
    v128.store(to + 3 * bytes, s30, 0);
    v128.store(to + 3 * bytes, s31, 16);
  }
}

/** gradients[e] (+)= Σ weights[e, h] · vectors[h] over four heads, for the indices first … end. */
@inline
function spread(
  vectors: usize,
  first: i32,
  end: i32,
  weights: usize,
  weightStride: usize,
  bytes: usize,
  gradients: usize,
  add: bool,
): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const v0 = v128.load(vectors + at);
    const v1 = v128.load(vectors + at + bytes);
    const v2 = v128.load(vectors + at + 2 * bytes);
    const v3 = v128.load(vectors + at + 3 * bytes);
    for (let e = first; e < end; e++) {
      const weight = weights + <usize>e * weightStride;
      const to = gradients + <usize>e * bytes + at;
      let sum = add ? v128.load(to) : f32x4.splat(0);
      sum = multiplyAdd(v0, v128.load32_splat(weight, 0), sum);
      sum = multiplyAdd(v1, v128.load32_splat(weight, 4), sum);
      sum = multiplyAdd(v2, v128.load32_splat(weight, 8), sum);
      sum = multiplyAdd(v3, v128.load32_splat(weight, 12), sum);
      v128.store(to, sum);
    }
  }
}

/** scratch[h] = queries[h + 1] ∘ last, for all heads; zeros beyond. */
@inline
function askOf(last: usize, queries: usize, queryStride: usize, heads: i32, blocks: i32, bytes: usize, out: usize): void {
  for (let h: i32 = 0; h < blocks * LANE_HEADS; h++) {
    const to = out + <usize>h * bytes;
    if (h >= heads) {
      memory.fill(to, 0, bytes);
      continue;
    }
    const query = queries + <usize>(h + 1) * queryStride;
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(to + at, f32x4.mul(v128.load(query + at), v128.load(last + at)));
    }
  }
}

/**
 * The heads of the examples from … to, [heads, width] each at out; their weights are kept for the way back.
 *
 * @param rows a history's indices, oldest first; of more than `places` the last count
 * @param positions logits of place p in row p
 * @param placeOf of each index its place, int32; 0: by its position, counted from the last
 * @param queries 0: weights by place alone
 * @param scratch room for 2 · 4 · blocks · width numbers
 */
export function heads(
  table: usize,
  tableStride: usize,
  width: i32,
  rows: usize,
  starts: usize,
  from: i32,
  to: i32,
  positions: usize,
  positionStride: usize,
  places: i32,
  placeOf: usize,
  queries: usize,
  queryStride: usize,
  headCount: i32,
  weights: usize,
  scratch: usize,
  out: usize,
  outStride: usize,
): void {
  const bytes = <usize>width << 2;
  const blocks = (headCount + LANE_HEADS - 1) / LANE_HEADS;
  const weightStride = <usize>blocks << 4;
  const sums = scratch + <usize>(blocks * LANE_HEADS) * bytes;
  for (let i = from; i < to; i++) {
    const end = startOf(starts, i + 1);
    const first = max(startOf(starts, i), end - places);
    const target = out + <usize>i * outStride;
    if (first === end) {
      memory.fill(target, 0, <usize>headCount * bytes);
      continue;
    }
    if (queries !== 0) {
      const last = table + <usize>load<u32>(rows + (<usize>(end - 1) << 2)) * tableStride;
      askOf(last, queries, queryStride, headCount, blocks, bytes, scratch);
    }
    for (let block: i32 = 0; block < blocks; block++) {
      const ofBlock = weights + (<usize>block << 4);
      let largest = f32x4.splat(-Infinity);
      for (let e = first; e < end; e++) {
        const place = placeOf === 0 ? end - e : load<i32>(placeOf + (<usize>e << 2));
        let logit = v128.load(positions + <usize>place * positionStride + (<usize>block << 4));
        if (queries !== 0) {
          const row = table + <usize>load<u32>(rows + (<usize>e << 2)) * tableStride;
          logit = f32x4.add(logit, fourDots(row, scratch + <usize>(block * LANE_HEADS) * bytes, bytes));
        }
        v128.store(ofBlock + <usize>e * weightStride, logit);
        largest = f32x4.max(largest, logit);
      }
      let total = f32x4.splat(0);
      for (let e = first; e < end; e++) {
        const at = ofBlock + <usize>e * weightStride;
        const power = exponential(f32x4.sub(v128.load(at), largest));
        v128.store(at, power);
        total = f32x4.add(total, power);
      }
      const share = f32x4.div(f32x4.splat(1), total);
      for (let e = first; e < end; e++) {
        const at = ofBlock + <usize>e * weightStride;
        v128.store(at, f32x4.mul(v128.load(at), share));
      }
      fourSums(table, tableStride, rows, first, end, ofBlock, weightStride, bytes, sums);
      const count = min(LANE_HEADS, headCount - block * LANE_HEADS);
      memory.copy(target + <usize>(block * LANE_HEADS) * bytes, sums, <usize>count * bytes);
    }
  }
}

/**
 * Back through `heads`.
 *
 * @param weights as `heads` left them
 * @param logitGradients gets ∂loss/∂logit, in the form of the weights
 * @param gradients ∂loss/∂heads, where `heads` wrote them
 * @param entryGradients gets ∂loss/∂row of each index, [indices, width]: zeros for those that do not count
 * @param queryParts gets each example's part of ∂loss/∂queries, [heads, width]
 * @param scratch room for 2 · 4 · blocks · width numbers
 */
export function headGradients(
  table: usize,
  tableStride: usize,
  width: i32,
  rows: usize,
  starts: usize,
  from: i32,
  to: i32,
  places: i32,
  queries: usize,
  queryStride: usize,
  headCount: i32,
  weights: usize,
  logitGradients: usize,
  scratch: usize,
  gradients: usize,
  gradientStride: usize,
  entryGradients: usize,
  queryParts: usize,
  queryPartStride: usize,
): void {
  const bytes = <usize>width << 2;
  const blocks = (headCount + LANE_HEADS - 1) / LANE_HEADS;
  const weightStride = <usize>blocks << 4;
  const ofHeads = scratch + <usize>(blocks * LANE_HEADS) * bytes;
  for (let i = from; i < to; i++) {
    const begin = startOf(starts, i);
    const end = startOf(starts, i + 1);
    const first = max(begin, end - places);
    const parts = queryParts + <usize>i * queryPartStride;
    if (first > begin) memory.fill(entryGradients + <usize>begin * bytes, 0, <usize>(first - begin) * bytes);
    if (first === end) {
      if (queries !== 0) memory.fill(parts, 0, <usize>headCount * bytes);
      continue;
    }
    memory.fill(ofHeads, 0, <usize>(blocks * LANE_HEADS) * bytes);
    memory.copy(ofHeads, gradients + <usize>i * gradientStride, <usize>headCount * bytes);
    const last = table + <usize>load<u32>(rows + (<usize>(end - 1) << 2)) * tableStride;
    if (queries !== 0) askOf(last, queries, queryStride, headCount, blocks, bytes, scratch);
    for (let block: i32 = 0; block < blocks; block++) {
      const offset = <usize>(block * LANE_HEADS) * bytes;
      const weightsHere = weights + (<usize>block << 4);
      const logitsHere = logitGradients + (<usize>block << 4);
      let mean = f32x4.splat(0);
      for (let e = first; e < end; e++) {
        const row = table + <usize>load<u32>(rows + (<usize>e << 2)) * tableStride;
        const gradient = fourDots(row, ofHeads + offset, bytes);
        v128.store(logitsHere + <usize>e * weightStride, gradient);
        mean = multiplyAdd(gradient, v128.load(weightsHere + <usize>e * weightStride), mean);
      }
      for (let e = first; e < end; e++) {
        const at = logitsHere + <usize>e * weightStride;
        const weight = v128.load(weightsHere + <usize>e * weightStride);
        v128.store(at, f32x4.mul(weight, f32x4.sub(v128.load(at), mean)));
      }
      spread(ofHeads + offset, first, end, weightsHere, weightStride, bytes, entryGradients, block > 0);
      if (queries === 0) continue;
      spread(scratch + offset, first, end, logitsHere, weightStride, bytes, entryGradients, true);
      // The four heads' gradients are used up: their place takes Σ ∂loss/∂logit · row.
      fourSums(table, tableStride, rows, first, end, logitsHere, weightStride, bytes, ofHeads + offset);
    }
    if (queries === 0) continue;
    const ofLast = entryGradients + <usize>(end - 1) * bytes;
    for (let h: i32 = 0; h < headCount; h++) {
      const query = queries + <usize>(h + 1) * queryStride;
      const sums = ofHeads + <usize>h * bytes;
      const part = parts + <usize>h * bytes;
      for (let at: usize = 0; at < bytes; at += 16) {
        const sum = v128.load(sums + at);
        v128.store(ofLast + at, multiplyAdd(v128.load(query + at), sum, v128.load(ofLast + at)));
        v128.store(part + at, f32x4.mul(v128.load(last + at), sum));
      }
    }
  }
}

/** out[p] = Σ over the examples of ∂loss/∂logit at place p, for the places from … to. */
export function sumPlaces(
  starts: usize,
  rowCount: i32,
  from: i32,
  to: i32,
  headCount: i32,
  logitGradients: usize,
  out: usize,
  outStride: usize,
): void {
  const blocks = (headCount + LANE_HEADS - 1) / LANE_HEADS;
  const stride = <usize>blocks << 4;
  for (let place = from; place < to; place++) {
    for (let block: i32 = 0; block < blocks; block++) {
      let sum = f32x4.splat(0);
      for (let i: i32 = 0; i < rowCount; i++) {
        const e = startOf(starts, i + 1) - place;
        if (e < startOf(starts, i)) continue;
        sum = f32x4.add(sum, v128.load(logitGradients + <usize>e * stride + (<usize>block << 4)));
      }
      const lanes = headCount - block * LANE_HEADS;
      const row = out + <usize>place * outStride + (<usize>block << 4);
      if (lanes >= 4) v128.store(row, sum);
      else {
        store<f32>(row, f32x4.extract_lane(sum, 0), 0);
        if (lanes > 1) store<f32>(row, f32x4.extract_lane(sum, 1), 4);
        if (lanes > 2) store<f32>(row, f32x4.extract_lane(sum, 2), 8);
      }
    }
  }
}

/** out[p] = Σ of ∂loss/∂logit over the indices whose place is p, for the places from … to. */
export function sumGivenPlaces(
  placeOf: usize,
  entryCount: i32,
  from: i32,
  to: i32,
  headCount: i32,
  logitGradients: usize,
  out: usize,
  outStride: usize,
): void {
  const blocks = (headCount + LANE_HEADS - 1) / LANE_HEADS;
  const stride = <usize>blocks << 4;
  const bytes = <usize>headCount << 2;
  for (let place = from; place < to; place++) memory.fill(out + <usize>place * outStride, 0, bytes);
  for (let e: i32 = 0; e < entryCount; e++) {
    const place = load<i32>(placeOf + (<usize>e << 2));
    if (place < from || place >= to) continue;
    const row = out + <usize>place * outStride;
    const gradient = logitGradients + <usize>e * stride;
    for (let at: usize = 0; at < bytes; at += 4) store<f32>(row + at, load<f32>(row + at) + load<f32>(gradient + at));
  }
}
