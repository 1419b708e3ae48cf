import { tableFromValues, type EmbeddingTable, type RowwiseAdagrad } from '@watchnext/learning';
import { hasHeads, needsWatchTimes, placeCount, type CandidateModelConfig } from './config';
import type { CandidateInputTables } from './engine';

type Sink = Pick<RowwiseAdagrad, 'add'>;
type HeadTables = Pick<CandidateInputTables, 'watched' | 'positions' | 'queries'>;

/** Heads begin as decays of e^(-rate · place): the plain mean, then ever shorter memories. */
const SLOWEST_RATE = 0.03;
const RATE_FACTOR = 4;
/** Buckets of time are few: as powers of the time, from the plain mean to t^(-2.3). */
const SLOWEST_RATE_OF_TIME = 0.1;

/** The logits that training begins with; a table of the zero row alone where the encoder has no heads. */
export function initialPositions(config: CandidateModelConfig): EmbeddingTable {
  if (!hasHeads(config.historyEncoder)) return tableFromValues([0], 1);
  const { historyHeads } = config;
  const places = placeCount(config);
  const slowest = needsWatchTimes(config) ? SLOWEST_RATE_OF_TIME : SLOWEST_RATE;
  const logits = new Float32Array((places + 1) * historyHeads);
  for (let head = 1; head < historyHeads; head++) {
    const rate = slowest * RATE_FACTOR ** (head - 1);
    for (let place = 1; place <= places; place++) {
      logits[place * historyHeads + head] = -rate * (place - 1);
    }
  }
  return tableFromValues(logits, historyHeads);
}

/** Zero: training begins with weights by place alone. */
export function initialQueries({ historyEncoder, historyHeads, dimensions }: CandidateModelConfig): EmbeddingTable {
  if (historyEncoder !== 'query-heads') return tableFromValues([0], 1);
  return tableFromValues(new Float32Array((historyHeads + 1) * dimensions), dimensions);
}

/**
 * The heads of the encoders that have any, for the tables as they are while this object lives:
 *
 *   head h of a history x_1 … x_n (x_1 the last watch) = Σ_p w_hp x_p,  w_h = softmax(a_h1 + b_h1 … a_hn + b_hn)
 *
 * where b is zero without queries, and b_hp = Σ_d q_hd x_1d x_pd with them: the query is the last watch, stretched along
 * each dimension by what the head has learned, the keys are the watches. Where the inputs give places, a_hp is that of the
 * watch's place instead.
 *
 * Without queries and given places the weights depend on the length of the history alone, so they are made once for each
 * length, and their gradients are summed by length before they are taken through the softmax.
 */
export class HistoryHeads {
  private readonly headCount: number;
  private readonly dimensions: number;
  private readonly queried: boolean;
  /** By length n: w, [n, heads], the oldest watch first, as histories lie in memory. */
  private readonly weightsByLength = new Map<number, Float32Array>();
  /** By length: ∂loss/∂w, summed. */
  private readonly weightGradients = new Map<number, Float32Array>();
  private readonly gradientOfVideo: Float32Array;
  private readonly gradientOfLast: Float32Array;
  /** ∂loss/∂q, [heads, dimensions]. */
  private readonly queryGradients: Float32Array;

  constructor(private readonly tables: HeadTables) {
    this.headCount = tables.positions.dimensions;
    this.dimensions = tables.watched.dimensions;
    this.queried = tables.queries.rowCount > 1;
    this.gradientOfVideo = new Float32Array(this.dimensions);
    this.gradientOfLast = new Float32Array(this.dimensions);
    this.queryGradients = new Float32Array(this.queried ? this.headCount * this.dimensions : 0);
  }

  /**
   * @param history rows of the watched table, oldest first; of a longer one than there are places the end counts
   * @param places of the watches, rows of the table of positions; undefined: their positions
   * @param out gets [heads, dimensions] from `to` on: zeros for an empty history
   */
  write(history: Int32Array, places: Int32Array | undefined, out: Float32Array, to: number): void {
    const { headCount, dimensions } = this;
    const { values } = this.tables.watched;
    out.fill(0, to, to + headCount * dimensions);
    const watched = places ? history : this.lastOf(history);
    const weights = this.weightsOf(watched, places);
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
   * Adds to each watched video its part of the heads' gradient, and keeps that of places and queries.
   * @param gradients ∂loss/∂heads, [heads, dimensions] from `from` on
   */
  addGradients(
    history: Int32Array,
    places: Int32Array | undefined,
    gradients: Float32Array,
    from: number,
    sinks: HeadSinks,
  ): void {
    const { headCount, dimensions, gradientOfVideo } = this;
    const { values } = this.tables.watched;
    const watched = places ? history : this.lastOf(history);
    if (watched.length === 0) return;
    const weights = this.weightsOf(watched, places);
    const isOwn = this.queried || places !== undefined;
    const weightGradients = isOwn ? new Float32Array(weights.length) : this.weightGradientsOf(watched.length);
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
      sinks.watched.add(watched[i], gradientOfVideo, 0, 1);
    }
    if (!isOwn) return;
    const logitGradients = throughSoftmax(weights, weightGradients, headCount);
    if (this.queried) this.addQueryGradients(watched, logitGradients, sinks);
    this.addPositionGradients(logitGradients, places, sinks);
  }

  /** Hands over what was kept of places and queries. */
  addKeptGradients(sinks: HeadSinks): void {
    for (const [length, weightGradients] of this.weightGradients) {
      this.addPositionGradients(
        throughSoftmax(this.softmax(length), weightGradients, this.headCount),
        undefined,
        sinks,
      );
    }
    this.weightGradients.clear();
    for (let head = 0; head * this.dimensions < this.queryGradients.length; head++) {
      sinks.queries.add(head + 1, this.queryGradients, head * this.dimensions, 1);
    }
    this.queryGradients.fill(0);
  }

  private addPositionGradients(logitGradients: Float32Array, places: Int32Array | undefined, sinks: HeadSinks): void {
    const length = logitGradients.length / this.headCount;
    for (let i = 0; i < length; i++) {
      sinks.positions.add(places ? places[i] : length - i, logitGradients, i * this.headCount, 1);
    }
  }

  /** b_hp = Σ_d q_hd x_1d x_pd: the gradient goes to the queries, to the last watch and to each watch. */
  private addQueryGradients(watched: Int32Array, logitGradients: Float32Array, sinks: HeadSinks): void {
    const { headCount, dimensions, gradientOfVideo, gradientOfLast, queryGradients } = this;
    const { values } = this.tables.watched;
    const queries = this.tables.queries.values;
    const last = watched[watched.length - 1];
    gradientOfLast.fill(0);
    for (let i = 0; i < watched.length; i++) {
      gradientOfVideo.fill(0);
      for (let head = 0; head < headCount; head++) {
        const gradient = logitGradients[i * headCount + head];
        for (let d = 0; d < dimensions; d++) {
          const query = queries[(head + 1) * dimensions + d];
          const [ofLast, ofVideo] = [values[last * dimensions + d], values[watched[i] * dimensions + d]];
          gradientOfVideo[d] += gradient * query * ofLast;
          gradientOfLast[d] += gradient * query * ofVideo;
          queryGradients[head * dimensions + d] += gradient * ofLast * ofVideo;
        }
      }
      sinks.watched.add(watched[i], gradientOfVideo, 0, 1);
    }
    sinks.watched.add(last, gradientOfLast, 0, 1);
  }

  private lastOf(history: Int32Array): Int32Array {
    const placeCount = this.tables.positions.rowCount - 1;
    return history.length > placeCount ? history.subarray(history.length - placeCount) : history;
  }

  private weightsOf(watched: Int32Array, places: Int32Array | undefined): Float32Array {
    if (this.queried || places) {
      return this.softmax(watched.length, this.queried ? this.queryLogits(watched) : undefined, places);
    }
    let weights = this.weightsByLength.get(watched.length);
    if (!weights) this.weightsByLength.set(watched.length, (weights = this.softmax(watched.length)));
    return weights;
  }

  /** b, [n, heads] */
  private queryLogits(watched: Int32Array): Float32Array {
    const { headCount, dimensions } = this;
    const { values } = this.tables.watched;
    const queries = this.tables.queries.values;
    const last = watched[watched.length - 1] * dimensions;
    const logits = new Float32Array(watched.length * headCount);
    for (let head = 0; head < headCount; head++) {
      const query = (head + 1) * dimensions;
      for (let i = 0; i < watched.length; i++) {
        const row = watched[i] * dimensions;
        let sum = 0;
        for (let d = 0; d < dimensions; d++) sum += queries[query + d] * values[last + d] * values[row + d];
        logits[i * headCount + head] = sum;
      }
    }
    return logits;
  }

  private weightGradientsOf(length: number): Float32Array {
    let gradients = this.weightGradients.get(length);
    if (!gradients) this.weightGradients.set(length, (gradients = new Float32Array(length * this.headCount)));
    return gradients;
  }

  /** @param more logits beside those of the places, [length, heads] */
  private softmax(length: number, more?: Float32Array, places?: Int32Array): Float32Array {
    const { headCount } = this;
    const { values } = this.tables.positions;
    const weights = new Float32Array(length * headCount);
    for (let head = 0; head < headCount; head++) {
      const logitOf = (i: number) =>
        values[(places ? places[i] : length - i) * headCount + head] + (more?.[i * headCount + head] ?? 0);
      let largest = -Infinity;
      for (let i = 0; i < length; i++) largest = Math.max(largest, logitOf(i));
      let sum = 0;
      for (let i = 0; i < length; i++) sum += Math.exp(logitOf(i) - largest);
      for (let i = 0; i < length; i++) weights[i * headCount + head] = Math.exp(logitOf(i) - largest) / sum;
    }
    return weights;
  }
}

export interface HeadSinks {
  readonly watched: Sink;
  readonly positions: Sink;
  readonly queries: Sink;
}

/** From ∂loss/∂w to the logits: w_hp (∂loss/∂w_hp − Σ_q w_hq ∂loss/∂w_hq); all [n, heads]. */
function throughSoftmax(weights: Float32Array, weightGradients: Float32Array, headCount: number): Float32Array {
  const means = new Float64Array(headCount);
  for (let at = 0; at < weights.length; at++) means[at % headCount] += weights[at] * weightGradients[at];
  return weights.map((weight, at) => weight * (weightGradients[at] - means[at % headCount]));
}
