/**
 * What weights on the columns of a number become when its quantiles are others.
 *
 * Quantiles are taken anew in every training: counts grow from day to day, and a number that lay among the largest a week
 * ago lies in the middle now. Kept as they were, they would press ever more values into their last interval; replaced under
 * weights that stay, they would turn a video of a hundred clicks into what one of fifty was. So the weights follow: with
 * φ the columns that the earlier model saw of a raw value and ψ those of the new one, Aψ + c comes as close to φ as it can
 * over the new distribution, and w·φ = (Aᵀw)·ψ + c·w.
 */
import type { DenseLayer } from '@watchnext/learning';
import { columnsOfNumber, writeNumberAt } from './input-layout';
import type { QuantileMap } from './quantiles';

/**
 * Price of a difference from the columns as they were: x, x² and √x are nearly one line where values lie close together, and
 * without it large weights of both signs would stand for nothing.
 */
const RIDGE = 1e-6;

export interface QuantileBridge {
  /** Root mean square of what is left between φ and Aψ + c, over the new distribution and all columns. */
  readonly error: number;
  /**
   * Adds what weights of the earlier model's columns come to.
   * @param column first of the number's in each layer's input
   */
  carry(from: DenseLayer, column: number, into: DenseLayer, intoColumn: number): void;
}

export function bridgeQuantiles(earlier: QuantileMap, now: QuantileMap, powers: boolean): QuantileBridge {
  const names = columnsOfNumber(earlier, powers);
  const newNames = columnsOfNumber(now, powers);
  const known = newNames.filter((name) => name !== 'missing');
  const missing = newNames.indexOf('missing');
  // Rows of A and, at the end, c: what each earlier column is made of.
  const parts = names.map(() => new Float64Array(newNames.length + 1));
  const samples = samplesOf(now).map(({ value, share }) => ({
    share,
    before: columnsAt(earlier, value, powers, names.length),
    // With the constant at the end, in place of the flag, which is 0 here.
    now: [...columnsAt(now, value, powers, newNames.length).slice(0, known.length), 1],
  }));
  let squares = 0;
  names.forEach((name, column) => {
    const part = parts[column];
    if (name === 'missing') {
      // No value that is there is missing, and where the new training misses none the column is always 0.
      if (missing >= 0) part[missing] = 1;
      return;
    }
    const same = known.indexOf(name);
    const rest = samples.map(({ before, now: columns }) => before[column] - (same < 0 ? 0 : columns[same]));
    const change = leastSquares(samples, rest, known.length + 1);
    known.forEach((_, i) => (part[i] = change[i] + (i === same ? 1 : 0)));
    part[newNames.length] = change[known.length];
    // Where the number is missing all of its columns were 0: what the constant adds is taken away again.
    if (missing >= 0) part[missing] = -change[known.length];
    samples.forEach(({ share, now: columns }, n) => {
      const left = rest[n] - change.reduce((sum, weight, i) => sum + weight * columns[i], 0);
      squares += (share * left * left) / names.length;
    });
  });
  return {
    error: Math.sqrt(squares),
    carry(from, column, into, intoColumn) {
      const width = from.outputSize;
      parts.forEach((part, c) => {
        const of = (column + c) * width;
        for (let j = 0; j < width; j++) {
          const weight = from.weights[of + j];
          for (let i = 0; i < newNames.length; i++) into.weights[(intoColumn + i) * width + j] += part[i] * weight;
          into.bias[j] += part[newNames.length] * weight;
        }
      });
    },
  };
}

/** The raw values that the quantiles stand for, each with its share of those that are there. */
function samplesOf({ values, positions }: QuantileMap): { value: number; share: number }[] {
  const last = values.length - 1;
  const border = (i: number) => (i < 0 ? 0 : i >= last ? 1 : (positions[i] + positions[i + 1]) / 2);
  return Array.from(values, (value, i) => ({ value, share: border(i) - border(i - 1) }));
}

function columnsAt(quantiles: QuantileMap, value: number, powers: boolean, width: number): number[] {
  const row = new Float32Array(width);
  writeNumberAt(0, quantiles.positionOf(value), quantiles, powers, row);
  return [...row];
}

/** min Σ share · (target − x·columns)² + RIDGE · |x|², by Gaussian elimination of the normal equations. */
function leastSquares(
  samples: readonly { readonly share: number; readonly now: readonly number[] }[],
  targets: readonly number[],
  size: number,
): Float64Array {
  const solution = new Float64Array(size);
  if (targets.every((target) => target === 0)) return solution;
  const rows = Array.from({ length: size }, (_, i) => {
    const row = new Float64Array(size + 1);
    samples.forEach(({ share, now }, n) => {
      for (let j = 0; j < size; j++) row[j] += share * now[i] * now[j];
      row[size] += share * now[i] * targets[n];
    });
    row[i] += RIDGE;
    return row;
  });
  // Positive definite by the ridge: no pivot is 0.
  for (let pivot = 0; pivot < size; pivot++) {
    for (let below = pivot + 1; below < size; below++) {
      const factor = rows[below][pivot] / rows[pivot][pivot];
      for (let j = pivot; j <= size; j++) rows[below][j] -= factor * rows[pivot][j];
    }
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = rows[i][size];
    for (let j = i + 1; j < size; j++) sum -= rows[i][j] * solution[j];
    solution[i] = sum / rows[i][i];
  }
  return solution;
}
