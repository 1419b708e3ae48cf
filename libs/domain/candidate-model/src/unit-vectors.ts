/**
 * Vectors of length 1, for the softmax with a temperature (Yi et al. 2019, "Sampling-Bias-Corrected Neural Modeling for
 * Large Corpus Item Recommendations", §3.2): x → scale · x / |x|, and the way back for gradients. The zero vector stays zero.
 */

/**
 * Scales each of the rows to the length `scale`, in place.
 * @param rows [rowCount, dimensions]
 * @returns the factor that each was multiplied by, 0 for a zero row: [rowCount]
 */
export function scaleToLength(rows: Float32Array, dimensions: number, scale: number): Float32Array {
  const factors = new Float32Array(rows.length / dimensions);
  factors.forEach((_, i) => {
    const row = rows.subarray(i * dimensions, (i + 1) * dimensions);
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    // NaN stays NaN: 0 · NaN.
    factors[i] = length > 0 ? scale / length : 0;
    for (let d = 0; d < dimensions; d++) row[d] *= factors[i];
  });
  return factors;
}

/**
 * From ∂loss/∂y of y = scale · x / |x| to ∂loss/∂x, in place: factor · (g − y (y·g) / scale²).
 * @param gradients [rowCount, dimensions]
 * @param scaled y, as `scaleToLength` left it, with the factors that it returned
 */
export function throughScaling(
  gradients: Float32Array,
  scaled: Float32Array,
  dimensions: number,
  factors: Float32Array,
  scale: number,
): void {
  factors.forEach((factor, i) => {
    let along = 0;
    for (let at = i * dimensions; at < (i + 1) * dimensions; at++) along += scaled[at] * gradients[at];
    along /= scale * scale;
    for (let at = i * dimensions; at < (i + 1) * dimensions; at++) {
      gradients[at] = factor * (gradients[at] - along * scaled[at]);
    }
  });
}
