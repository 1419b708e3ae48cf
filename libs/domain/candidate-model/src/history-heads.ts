import { tableFromValues, type EmbeddingTable, type RowwiseAdagrad } from '@watchnext/learning';
import { HISTORY_LENGTH, type CandidateModelConfig } from './config';
import type { CandidateTables } from './engine';

type Sink = Pick<RowwiseAdagrad, 'add'>;

/** Heads begin as decays of e^(-rate · place): the plain mean, then ever shorter memories. */
const SLOWEST_RATE = 0.03;
const RATE_FACTOR = 4;

/** The logits that training begins with; a table of the zero row alone where the encoder has no heads. */
export function initialPositions(config: CandidateModelConfig): EmbeddingTable {
  if (config.historyEncoder !== 'position-heads') return tableFromValues([0], 1);
  const { historyHeads } = config;
  const logits = new Float32Array((HISTORY_LENGTH + 1) * historyHeads);
  for (let head = 1; head < historyHeads; head++) {
    const rate = SLOWEST_RATE * RATE_FACTOR ** (head - 1);
    for (let place = 1; place <= HISTORY_LENGTH; place++) {
      logits[place * historyHeads + head] = -rate * (place - 1);
    }
  }
  return tableFromValues(logits, historyHeads);
}

/**
 * The heads of the encoder 'position-heads', for the tables as they are while this object lives:
 *
 *   head h of a history x_1 … x_n (x_1 the last watch) = Σ_p w_hp x_p,  w_h = softmax(a_h1 … a_hn)
 *
 * The weights depend on the length of the history alone, so they are made once for each length, and their gradients are
 * summed by length before they are taken through the softmax.
 */
export class HistoryHeads {
  private readonly headCount: number;
  private readonly dimensions: number;
  /** By length n: w, [n, heads], the oldest watch first, as histories lie in memory. */
  private readonly weightsByLength = new Map<number, Float32Array>();
  /** By length: ∂loss/∂w, summed. */
  private readonly weightGradients = new Map<number, Float32Array>();
  private readonly gradientOfVideo: Float32Array;

  constructor(private readonly tables: Pick<CandidateTables, 'watched' | 'positions'>) {
    this.headCount = tables.positions.dimensions;
    this.dimensions = tables.watched.dimensions;
    this.gradientOfVideo = new Float32Array(this.dimensions);
  }

  /**
   * @param history rows of the watched table, oldest first; of a longer one than there are places the end counts
   * @param out gets [heads, dimensions] from `to` on: zeros for an empty history
   */
  write(history: Int32Array, out: Float32Array, to: number): void {
    const { headCount, dimensions } = this;
    const { values } = this.tables.watched;
    out.fill(0, to, to + headCount * dimensions);
    const watched = this.lastOf(history);
    const weights = this.weightsOf(watched.length);
    for (let i = 0; i < watched.length; i++) {
      const from = watched[i] * dimensions;
      for (let head = 0; head < headCount; head++) {
        const weight = weights[i * headCount + head];
        const at = to + head * dimensions;
        for (let d = 0; d < dimensions; d++) out[at + d] += weight * values[from + d];
      }
    }
  }

  /**
   * Adds to each watched video its part of the heads' gradient, and keeps that of the weights.
   * @param gradients ∂loss/∂heads, [heads, dimensions] from `from` on
   */
  addGradients(history: Int32Array, gradients: Float32Array, from: number, sink: Sink): void {
    const { headCount, dimensions, gradientOfVideo } = this;
    const { values } = this.tables.watched;
    const watched = this.lastOf(history);
    if (watched.length === 0) return;
    const weights = this.weightsOf(watched.length);
    const weightGradients = this.weightGradientsOf(watched.length);
    for (let i = 0; i < watched.length; i++) {
      const row = watched[i] * dimensions;
      gradientOfVideo.fill(0);
      for (let head = 0; head < headCount; head++) {
        const weight = weights[i * headCount + head];
        const at = from + head * dimensions;
        let product = 0;
        for (let d = 0; d < dimensions; d++) {
          gradientOfVideo[d] += weight * gradients[at + d];
          product += gradients[at + d] * values[row + d];
        }
        weightGradients[i * headCount + head] += product;
      }
      sink.add(watched[i], gradientOfVideo, 0, 1);
    }
  }

  /** Takes what was kept to the logits: ∂loss/∂a_hp = w_hp (∂loss/∂w_hp − Σ_q w_hq ∂loss/∂w_hq). */
  addPositionGradients(sink: Sink): void {
    const { headCount } = this;
    const gradient = new Float32Array(headCount);
    for (const [length, weightGradients] of this.weightGradients) {
      const weights = this.weightsOf(length);
      const means = new Float64Array(headCount);
      for (let at = 0; at < weights.length; at++) means[at % headCount] += weights[at] * weightGradients[at];
      for (let i = 0; i < length; i++) {
        for (let head = 0; head < headCount; head++) {
          const at = i * headCount + head;
          gradient[head] = weights[at] * (weightGradients[at] - means[head]);
        }
        sink.add(length - i, gradient, 0, 1);
      }
    }
    this.weightGradients.clear();
  }

  private lastOf(history: Int32Array): Int32Array {
    const placeCount = this.tables.positions.rowCount - 1;
    return history.length > placeCount ? history.subarray(history.length - placeCount) : history;
  }

  private weightsOf(length: number): Float32Array {
    let weights = this.weightsByLength.get(length);
    if (!weights) this.weightsByLength.set(length, (weights = this.softmax(length)));
    return weights;
  }

  private weightGradientsOf(length: number): Float32Array {
    let gradients = this.weightGradients.get(length);
    if (!gradients) this.weightGradients.set(length, (gradients = new Float32Array(length * this.headCount)));
    return gradients;
  }

  private softmax(length: number): Float32Array {
    const { headCount } = this;
    const { values } = this.tables.positions;
    const weights = new Float32Array(length * headCount);
    for (let head = 0; head < headCount; head++) {
      const logitOf = (i: number) => values[(length - i) * headCount + head];
      let largest = -Infinity;
      for (let i = 0; i < length; i++) largest = Math.max(largest, logitOf(i));
      let sum = 0;
      for (let i = 0; i < length; i++) sum += Math.exp(logitOf(i) - largest);
      for (let i = 0; i < length; i++) weights[i * headCount + head] = Math.exp(logitOf(i) - largest) / sum;
    }
    return weights;
  }
}
