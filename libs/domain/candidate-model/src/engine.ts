/**
 * The training step as a port: tables and a tower in, batches of indices in, losses out. Which example comes when, which
 * negatives are drawn, what is evaluated and stored is none of an engine's business; how the numbers are computed, and
 * where the tables lie while training, is all of it.
 *
 * One step, for the examples i of a batch with labels y_i and shared negatives n_1 … n_S, drawn with replacement so that
 * e_j = S·q(n_j) of the kind n_j are expected:
 *
 *   x_i = D_0(input row of example i) (input.ts),  u_i = tower(x_i),  s_ij = u_i · v(n_j)
 *   Z_i = exp(u_i · v(y_i)) + Σ_{j : n_j ≠ y_i} exp(s_ij − log e_j)
 *   loss = mean_i (log Z_i − u_i · v(y_i))
 *
 * Z_i is an unbiased estimate of the full softmax's partition function: the label's own term is exact, so its
 * accidental draws among the negatives are left out, and each other video's term is counted e_j times on average
 * (importance weighting; Bengio and Senécal 2008, Covington et al. 2016 §3.1). The gradient's bias shrinks as 1/S. With
 * every video once among the negatives and e = 1 it is the full softmax.
 *
 * With a temperature τ, u_i and v stand for vectors of length 1, and s_ij = u_i · v(n_j) / τ, the label's likewise:
 * u_i = tower(x_i) / |tower(x_i)|, v(n) = row n of the output table / |row n|; a vector of zeros stays one.
 *
 * With several interests the tower gives K user vectors u_i1 … u_iK one after the other, and a video's score is the greatest of
 * their inner products with it: u_i · v stands for max_k u_ik · v above, for labels and negatives alike, so that the loss is of
 * the score that is served. A gradient goes to the vector that scored highest, of equal ones to the first, and to no other.
 *
 * D_0 is dropout on the embeddings of the input row (its columns before the reals) at rate `inputDropout`; the tower
 * applies D_l at rate `hiddenDropout` to what its l-th hidden layer gives after the ReLU, and none to u. The masks are
 * `applyDropout` of @watchnext/learning with the batch's seed and layer l, the width that of the whole layer: the same
 * in every engine.
 *
 * The tables then take a row-wise Adagrad step with the summed gradients of each row, the tower an Adam step. With a decay λ
 * each use of a row adds λ / batch · row to that sum: as a label, a negative, a watch of a history, the last watch, a search
 * token, country or device, and once in a batch for places and queries. Row 0 of every table stays zero.
 */
import type { DenseStack, EmbeddingTable } from '@watchnext/learning';
import type { CandidateInputs, InputLayout } from './input';

export interface CandidateInputTables {
  /** Videos as part of a history: [videos + 1, dimensions]. */
  readonly watched: EmbeddingTable;
  readonly searchTokens: EmbeddingTable;
  readonly countries: EmbeddingTable;
  readonly devices: EmbeddingTable;
  /**
   * Weights of the places in a history, as logits: row p for the p-th last watch, or for the watches whose place the inputs
   * give as p; a column for each head of the encoders that have any; [places + 1, heads], or one row where there are none.
   */
  readonly positions: EmbeddingTable;
  /** What the last watch asks of the others, a row for each head of 'query-heads': [heads + 1, dimensions], or one row. */
  readonly queries: EmbeddingTable;
}

/** All of the model's tables. */
export interface CandidateTables extends CandidateInputTables {
  /**
   * v, videos as what is predicted: [videos + 1, dimensions]. Where the model has tied tables it is `watched` itself, the
   * same object: one table, one accumulator for each row, one step with the sum of both uses' gradients.
   */
  readonly output: EmbeddingTable;
}

export interface CandidateBatch {
  /** At most `batchSize` rows. */
  readonly inputs: CandidateInputs;
  /** y: rows of the output table, [inputs.rowCount], none 0. */
  readonly labels: Int32Array;
  /** n: rows of the output table, at most `negativeCount`, none 0, repeats as drawn. */
  readonly negatives: Int32Array;
  /** log e, [negatives.length]. */
  readonly negativeLogExpectedCounts: Float32Array;
  /** 0 to 2^32 − 1: which numbers dropout takes out of this batch. */
  readonly dropoutSeed: number;
}

export interface CandidateEngineSetup {
  readonly layout: InputLayout;
  /** Trained in place; up to date at the latest when `read` resolves. */
  readonly tables: CandidateTables;
  /** From input row to user vectors; copied, not changed. */
  readonly tower: DenseStack;
  readonly batchSize: number;
  readonly negativeCount: number;
  readonly denseLearningRate: number;
  readonly tableLearningRate: number;
  /** In [0, 1). */
  readonly inputDropout: number;
  readonly hiddenDropout: number;
  /** τ; absent: vectors as they are. */
  readonly temperature?: number;
  /** K; absent: 1. */
  readonly interests?: number;
  /** λ; absent: none. It is no part of the loss, nor of `gradients`. */
  readonly tableDecay?: number;
  /** To go on from; copied. Without it the optimizers are new. */
  readonly optimizers?: CandidateOptimizerState;
}

/** What the optimizers know beside tables and tower. */
export interface CandidateOptimizerState {
  /** Steps done. */
  readonly stepCount: number;
  /** Row-wise Adagrad's sums, [rowCount], of each table; of tied ones under both names the same. */
  readonly accumulators: { readonly [Name in keyof CandidateTables]: Float32Array };
  /** Adam's moments, per layer of the tower: weights, then bias. */
  readonly firstMoments: readonly Float32Array[];
  readonly secondMoments: readonly Float32Array[];
}

export interface CandidateGradients {
  /** Mean over the batch. */
  readonly loss: number;
  /** ∂loss/∂row, [dimensions], of each row that the batch touches; of tied tables, the sum under both names. */
  readonly tables: { readonly [Name in keyof CandidateTables]: ReadonlyMap<number, Float32Array> };
  /** Per layer of the tower: weights, then bias. */
  readonly tower: readonly Float32Array[];
}

export interface CandidateEngine {
  /**
   * One step on a batch. Resolves to its loss from before the step; to NaN, with nothing changed, when the loss or a
   * gradient of the tower is not finite, which the caller must check.
   * @param learningRateScale factor on both learning rates: the schedule
   */
  step(batch: CandidateBatch, learningRateScale: number): Promise<number>;
  /** Loss and gradients, changing nothing: for conformance and diagnosis, not for speed. */
  gradients(batch: CandidateBatch): Promise<CandidateGradients>;
  /** Brings `tables` up to date and resolves to a copy of the tower. */
  read(): Promise<DenseStack>;
  /** A copy of the optimizers' state: with it and what `read` gives, a new engine goes on to the same bytes. */
  readOptimizers(): Promise<CandidateOptimizerState>;
  /** Frees what the engine holds. Tables stay. */
  close(): Promise<void>;
}

export type CandidateEngineFactory = (setup: CandidateEngineSetup) => Promise<CandidateEngine>;
