/**
 * The training step as a port: tables and a tower in, batches in, a loss out. An engine may compute anywhere (plain
 * TypeScript, TensorFlow.js, a GPU); `engineDeviations` says how far one is from the arithmetic written down here.
 */
import type { AdamState, DenseStack, EmbeddingTable } from '@watchnext/learning';

/** Columns of a row that the mean of some rows of a table fills. */
export interface EmbeddingInput {
  /** Index into `RankingNetwork.tables`; several inputs may share one. */
  readonly table: number;
  /** First column; as many follow as the table has dimensions. */
  readonly from: number;
}

/** What is trained, and how. */
export interface RankingNetwork {
  readonly inputSize: number;
  /** Most rows of a batch. */
  readonly batchSize: number;
  /** Trained in place, once `finish` has returned. Row 0 of each stays zero. */
  readonly tables: readonly EmbeddingTable[];
  readonly inputs: readonly EmbeddingInput[];
  /** Whether every batch has `offsets`. */
  readonly hasOffsets?: boolean;
  /** [inputSize] to one logit for each head; the values to begin with. */
  readonly tower: DenseStack;
  /** Of Adam on the tower. */
  readonly learningRate: number;
  /** Of row-wise Adagrad on the tables. */
  readonly tableLearningRate: number;
  /** λ of λ/2·|row|², added to an example's loss for each table row that it uses. Not part of the loss reported. */
  readonly tableDecay: number;
  /** Largest |∂loss/∂logit| of one example before the mean is taken; what is beyond is cut off. 0: any. */
  readonly gradientClip: number;
  /** To go on from; copied. Without it the optimizers are new. */
  readonly optimizers?: RankingOptimizerState;
}

/** What the optimizers know beside tables and tower: Adam's moments per layer, weights, then bias. */
export interface RankingOptimizerState extends AdamState {
  /** Row-wise Adagrad's sums, [rowCount], of each table. */
  readonly accumulators: readonly Float32Array[];
}

/** Table rows of one embedding input: those of batch row i are rows[offsets[i]] to rows[offsets[i + 1] − 1]. */
export interface Bags {
  readonly rows: Int32Array;
  /** [rowCount + 1] */
  readonly offsets: Int32Array;
}

export interface RankingBatch {
  readonly rowCount: number;
  /** [rowCount, inputSize]: numbers in place; the embedding inputs' columns are the engine's to fill, and are scratch. */
  readonly values: Float32Array;
  /** One for each of `RankingNetwork.inputs`. An empty bag is the zero vector. */
  readonly bags: readonly Bags[];
  /** [rowCount, heads]: the weight of each example as a positive of each head. */
  readonly positiveWeights: Float32Array;
  /** [rowCount, heads]: the weight of each example as a negative; an example may have both. */
  readonly negativeWeights: Float32Array;
  /** What is added to the tower's logits, and learned by somebody else. */
  readonly offsets?: LogitOffsets;
}

export interface LogitOffsets {
  /** [rowCount, heads] */
  readonly logits: Float32Array;
  /** Receives ∂loss/∂logit with each step, [rowCount, heads]. */
  readonly gradients: Float32Array;
}

export interface RankingGradients {
  readonly loss: number;
  /** ∂loss/∂row, [rowCount, inputSize]; columns that no embedding fills may be left at zero. */
  readonly inputs: Float32Array;
  /** ∂loss/∂(weights, bias, weights, bias, …) in the order of the tower's layers. */
  readonly tower: readonly Float32Array[];
}

export interface RankingEngine {
  /**
   * One optimizer step on the mean loss of the batch, with both learning rates multiplied by `rateScale`.
   * @returns the loss before the step, which the caller must check: where it is not finite the engine is of no more use
   */
  step(batch: RankingBatch, rateScale: number): number | Promise<number>;
  /** Loss and gradients at the present weights; changes nothing. */
  gradients(batch: RankingBatch): RankingGradients | Promise<RankingGradients>;
  /** Brings the tables up to date, and returns the tower's weights. */
  finish(): DenseStack | Promise<DenseStack>;
  /** A copy of the optimizers' state: with it and what `finish` gives, a new engine goes on to the same bytes. */
  readOptimizers(): RankingOptimizerState | Promise<RankingOptimizerState>;
  /** Frees what the engine holds; it cannot be used afterwards. */
  dispose(): void | Promise<void>;
}

export type RankingEngineFactory = (network: RankingNetwork) => RankingEngine | Promise<RankingEngine>;

/** p·log(1 + e^−z) + n·log(1 + e^z). */
export function logisticLoss(z: number, positiveWeight: number, negativeWeight: number): number {
  // log(1 + e^z) without overflow, and log(1 + e^−z) = log(1 + e^z) − z.
  const softplus = Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
  return positiveWeight * (softplus - z) + negativeWeight * softplus;
}

/** Its derivative by z, cut off at ±clip; 0: at none. */
export function logisticGradient(z: number, positiveWeight: number, negativeWeight: number, clip: number): number {
  const probability = 1 / (1 + Math.exp(-z));
  const gradient = positiveWeight * (probability - 1) + negativeWeight * probability;
  return clip > 0 ? Math.min(Math.max(gradient, -clip), clip) : gradient;
}

/**
 * Weighted logistic regression (paper §4.2): the mean over the rows of p·log(1 + e^−z) + n·log(1 + e^z), summed over the
 * heads of the tower.
 *
 * @param logits [rowCount, heads]; z is what they and the batch's offsets come to, which get the gradient too
 * @param gradient receives ∂loss/∂z, [rowCount, heads]
 * @param clip as `RankingNetwork.gradientClip`
 * @returns the loss
 */
export function weightedLogisticLoss(
  logits: Float32Array,
  batch: RankingBatch,
  gradient: Float32Array,
  clip = 0,
): number {
  const { rowCount, positiveWeights, negativeWeights, offsets } = batch;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const z = offsets ? logits[i] + offsets.logits[i] : logits[i];
    sum += logisticLoss(z, positiveWeights[i], negativeWeights[i]);
    gradient[i] = logisticGradient(z, positiveWeights[i], negativeWeights[i], clip) / rowCount;
  }
  offsets?.gradients.set(gradient);
  return sum / rowCount;
}
