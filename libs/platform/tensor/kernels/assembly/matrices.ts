/** What matrices need beside the products. Addresses and strides in bytes; sizes are multiples of 8. */

/** target [n, m] = source [m, n] transposed, for the source's rows from … to. */
export function transpose(
  source: usize,
  sourceStride: usize,
  n: i32,
  from: i32,
  to: i32,
  target: usize,
  targetStride: usize,
): void {
  for (let i = from; i < to; i += 4) {
    const row = source + <usize>i * sourceStride;
    for (let j: i32 = 0; j < n; j += 4) {
      const at = row + ((<usize>j) << 2);
      const r0 = v128.load(at);
      const r1 = v128.load(at + sourceStride);
      const r2 = v128.load(at + 2 * sourceStride);
      const r3 = v128.load(at + 3 * sourceStride);
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      const to = target + <usize>j * targetStride + ((<usize>i) << 2);
      v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
      v128.store(to + targetStride, v128.shuffle<f64>(low01, low23, 1, 3));
      v128.store(to + 2 * targetStride, v128.shuffle<f64>(high01, high23, 0, 2));
      v128.store(to + 3 * targetStride, v128.shuffle<f64>(high01, high23, 1, 3));
    }
  }
}

/** out[j] = Σ_i matrix[i, j], for the columns from … to. */
export function sumColumns(matrix: usize, stride: usize, rowCount: i32, from: i32, to: i32, out: usize): void {
  for (let j = from; j < to; j += 8) {
    let at = matrix + ((<usize>j) << 2);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    for (let i: i32 = 0; i < rowCount; i++) {
      s0 = f32x4.add(s0, v128.load(at, 0));
      s1 = f32x4.add(s1, v128.load(at, 16));
      at += stride;
    }
    v128.store(out + ((<usize>j) << 2), s0, 0);
    v128.store(out + ((<usize>j) << 2), s1, 16);
  }
}

export function fillZero(address: usize, bytes: i32): void {
  memory.fill(address, 0, <usize>bytes);
}
