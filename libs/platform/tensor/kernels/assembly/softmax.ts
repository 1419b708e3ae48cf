import { exponential, sumOf } from './arithmetic';

/**
 * Per example i of the sampled softmax: from logits to the loss's gradient by them, in place.
 *
 * @param logits s_ij - log e_j, [rows, negatives]; become p_ij · scale, and 0 for accidental hits
 * @param negatives rows of the output table, int32, [count]; beyond the real ones 0, which is no label, with logits of -1e9
 * @param labels int32, [rows]
 * @param labelLogits u_i · v(y_i); become (p_i - 1) · scale
 * @param excesses get the largest logit of each example less its label's, and `partitions` Σ exp(logit - largest)
 */
export function sampledSoftmax(
  logits: usize,
  stride: usize,
  count: i32,
  negatives: usize,
  from: i32,
  to: i32,
  labels: usize,
  labelLogits: usize,
  excesses: usize,
  partitions: usize,
  scale: f32,
): void {
  const bytes = (<usize>count) << 2;
  const hit = f32x4.splat(-1e9);
  for (let i = from; i < to; i++) {
    const at = (<usize>i) << 2;
    const row = logits + <usize>i * stride;
    const label = v128.load32_splat(labels + at);
    const labelLogit = load<f32>(labelLogits + at);
    let largest4 = f32x4.splat(labelLogit);
    for (let j: usize = 0; j < bytes; j += 16) {
      const isHit = i32x4.eq(v128.load(negatives + j), label);
      const logit = v128.bitselect(hit, v128.load(row + j), isHit);
      v128.store(row + j, logit);
      largest4 = f32x4.max(largest4, logit);
    }
    const largest = max(
      max(f32x4.extract_lane(largest4, 0), f32x4.extract_lane(largest4, 1)),
      max(f32x4.extract_lane(largest4, 2), f32x4.extract_lane(largest4, 3)),
    );
    const shift = f32x4.splat(largest);
    let sum = f32x4.splat(0);
    for (let j: usize = 0; j < bytes; j += 16) {
      const power = exponential(f32x4.sub(v128.load(row + j), shift));
      v128.store(row + j, power);
      sum = f32x4.add(sum, power);
    }
    const others = sumOf(sum);
    const ofLabel = f32x4.extract_lane(exponential(f32x4.splat(labelLogit - largest)), 0);
    const partition = others + ofLabel;
    const share = f32x4.splat(scale / partition);
    for (let j: usize = 0; j < bytes; j += 16) v128.store(row + j, f32x4.mul(v128.load(row + j), share));
    // p - 1 = -(the others' share), without cancellation.
    store<f32>(labelLogits + at, (-others / partition) * scale);
    store<f32>(excesses + at, largest - labelLogit);
    store<f32>(partitions + at, partition);
  }
}
