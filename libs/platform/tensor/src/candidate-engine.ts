/**
 * The candidate model's training step with TensorFlow.js: tables stay in shared memory on the host, which gathers and
 * pools what a batch needs and applies the sparse updates; the tower and the logits are computed on the backend.
 *
 * The loss is built on `softmax` alone, with its gradient p − onehot written out, because on the WebAssembly backend
 * `softmax` over 512 × 1001 takes 0.4 ms where `exp` or `logSumExp` take 7. To that end the logits have one row per
 * example, [label | negatives]: column 0 of the negatives' matrix is a zero vector, and the label's logit is added into
 * it. So the softmax needs no concatenation, and the product p·V leaves the label out, no slicing.
 */
import {
  assembleInputs,
  scaleToLength,
  scatterInputGradients,
  throughScaling,
  type CandidateBatch,
  type CandidateEngine,
  type CandidateEngineFactory,
  type CandidateEngineSetup,
  type CandidateGradients,
  type CandidateOptimizerState,
  type CandidateTables,
  type GradientSink,
} from '@watchnext/candidate-model';
import { applyDropout, RowwiseAdagrad, type DenseStack, type EmbeddingTable } from '@watchnext/learning';
import type { TensorBackend } from './backend';
import { DenseNetwork } from './dense-network';

/** Added to a logit that must not count: exp gives 0 in float32 whatever the logit was. */
const MASK = -1e9;
/** The least positive normal float32. A label's probability may underflow, and the loss stops growing there, at 87. */
const LEAST_PROBABILITY = 2 ** -126;

type Sinks = { readonly [Name in keyof CandidateTables]: GradientSink };

export function tfjsCandidateEngine(backend: TensorBackend): CandidateEngineFactory {
  return async (setup) => new TfjsCandidateEngine(backend, setup);
}

/** What a batch's forward and backward pass leaves for the tables. */
interface BatchGradients {
  readonly loss: number;
  /** ∂loss/∂input, [rowCount, inputSize] */
  readonly inputs: Float32Array;
  /** ∂(u·v)/∂row of each label, [rowCount, dimensions] */
  readonly labels: Float32Array;
  /** ∂loss/∂(u·v) of each label, [rowCount] */
  readonly labelLogits: Float32Array;
  /** ∂loss/∂v, [1 + negatives, dimensions]; row 0 belongs to no video. */
  readonly negatives: Float32Array;
}

class TfjsCandidateEngine implements CandidateEngine {
  private readonly network: DenseNetwork;
  private readonly optimizers: { readonly [Name in keyof CandidateTables]: RowwiseAdagrad };
  private readonly hits: AccidentalHits;
  /** Reused from batch to batch. */
  private readonly inputs: Float32Array;
  private readonly labelVectors: Float32Array;
  private readonly negativeVectors: Float32Array;
  private readonly biases: Float32Array;
  /** [batchSize, 1 + negativeCount]: what is added to the logits. */
  private readonly corrections: Float32Array;

  constructor(
    private readonly backend: TensorBackend,
    private readonly setup: CandidateEngineSetup,
  ) {
    const { tables, layout, batchSize, negativeCount } = setup;
    const { dimensions } = tables.output;
    const [from, to] = [setup.tower.at(0)?.inputSize, setup.tower.at(-1)?.outputSize];
    if (from !== layout.inputSize || to !== dimensions) {
      throw new Error(`the tower maps ${from} → ${to}, the tables ${layout.inputSize} → ${dimensions}`);
    }
    this.network = new DenseNetwork(backend, setup.tower, { learningRate: setup.denseLearningRate });
    this.optimizers = forTables(
      tables,
      (table) => new RowwiseAdagrad(table, { learningRate: setup.tableLearningRate }),
    );
    if (setup.optimizers) this.restore(setup.optimizers);
    this.hits = new AccidentalHits(tables.output.rowCount, negativeCount);
    this.inputs = new Float32Array(batchSize * layout.inputSize);
    this.labelVectors = new Float32Array(batchSize * dimensions);
    this.negativeVectors = new Float32Array((1 + negativeCount) * dimensions);
    this.biases = new Float32Array(1 + negativeCount);
    this.corrections = new Float32Array(batchSize * (1 + negativeCount));
  }

  async step(batch: CandidateBatch, learningRateScale: number): Promise<number> {
    const { tableLearningRate, denseLearningRate } = this.setup;
    const gradients = this.compute(batch);
    // The WebAssembly backend's ReLU turns NaN into 0, so a broken number may show in the gradients only.
    if (!Number.isFinite(gradients.loss) || !this.network.gradientsAreFinite()) return NaN;
    this.scatter(batch, gradients, this.optimizers);
    for (const optimizer of new Set(Object.values(this.optimizers))) {
      optimizer.learningRate = tableLearningRate * learningRateScale;
      optimizer.step();
    }
    this.network.learningRate = denseLearningRate * learningRateScale;
    this.network.step();
    return gradients.loss;
  }

  async gradients(batch: CandidateBatch): Promise<CandidateGradients> {
    const gradients = this.compute(batch);
    const collectors = forTables(this.setup.tables, (table) => new GradientCollector(table));
    this.scatter(batch, gradients, collectors);
    const sums = (name: keyof CandidateTables) => collectors[name].sums;
    return {
      loss: gradients.loss,
      tables: {
        watched: sums('watched'),
        positions: sums('positions'),
        queries: sums('queries'),
        searchTokens: sums('searchTokens'),
        countries: sums('countries'),
        devices: sums('devices'),
        output: sums('output'),
      },
      tower: this.network.gradients(),
    };
  }

  async read(): Promise<DenseStack> {
    return this.network.read();
  }

  async readOptimizers(): Promise<CandidateOptimizerState> {
    const of = (name: keyof CandidateTables) => this.optimizers[name].accumulators.slice();
    const watched = of('watched');
    const accumulators = {
      watched,
      positions: of('positions'),
      queries: of('queries'),
      searchTokens: of('searchTokens'),
      countries: of('countries'),
      devices: of('devices'),
      output: this.optimizers.output === this.optimizers.watched ? watched : of('output'),
    };
    return { accumulators, ...this.network.optimizerState() };
  }

  async close(): Promise<void> {
    this.network.dispose();
  }

  private restore({ accumulators, ...adam }: CandidateOptimizerState): void {
    for (const name of Object.keys(accumulators) as (keyof CandidateTables)[]) {
      this.optimizers[name].accumulators.set(accumulators[name]);
    }
    this.network.restoreOptimizer(adam);
  }

  /** Forward and backward: loss and gradients, with those of the tower left in the network. */
  private compute(batch: CandidateBatch): BatchGradients {
    const { tf } = this.backend;
    const { layout, tables, batchSize, negativeCount } = this.setup;
    const { rowCount } = batch.inputs;
    const onInput = { seed: batch.dropoutSeed, layer: 0, rate: this.setup.inputDropout };
    const onHidden = { seed: batch.dropoutSeed, rate: this.setup.hiddenDropout };
    const width = 1 + batch.negatives.length;
    const { dimensions } = tables.output;
    if (rowCount > batchSize || batch.negatives.length > negativeCount) {
      throw new RangeError(
        `a batch of ${rowCount} examples and ${batch.negatives.length} negatives; at most ${batchSize} and ${negativeCount}`,
      );
    }
    const inputRows = this.inputs.subarray(0, rowCount * layout.inputSize);
    const labelVectors = this.labelVectors.subarray(0, rowCount * dimensions);
    const negativeVectors = this.negativeVectors.subarray(0, width * dimensions);
    const biases = this.biases.subarray(0, width);
    const corrections = this.corrections.subarray(0, rowCount * width).fill(0);
    assembleInputs(layout, tables, batch.inputs, inputRows);
    applyDropout(inputRows, layout.inputSize, layout.reals.from, onInput);
    gatherRows(tables.output, batch.labels, labelVectors, 0);
    gatherRows(tables.output, batch.negatives, negativeVectors, dimensions);
    const { temperature } = this.setup;
    const scaled = (rows: Float32Array, length: number) =>
      temperature === undefined ? undefined : new ScaledRows(rows, dimensions, length);
    const scaledLabels = scaled(labelVectors, 1);
    const scaledNegatives = scaled(negativeVectors, 1);
    for (let j = 1; j < width; j++) biases[j] = -batch.negativeLogExpectedCounts[j - 1];
    this.hits.index(batch.negatives);

    const gradients: { value?: BatchGradients } = {};
    tf.tidy(() => {
      const pass = this.network.forward(tf.tensor2d(inputRows, [rowCount, layout.inputSize]), onHidden);
      const output = pass.output.dataSync<'float32'>();
      const scaledUsers = scaled(output.slice(), 1 / (temperature ?? 1));
      const users = scaledUsers?.rows ?? output;
      const userRows = scaledUsers ? tf.tensor2d(users, [rowCount, dimensions]) : pass.output;
      for (let i = 0; i < rowCount; i++) {
        corrections[i * width] = dot(users, labelVectors, i * dimensions, dimensions);
        this.hits.visit(batch.labels[i], (j) => (corrections[i * width + 1 + j] = MASK));
      }

      const vectors = tf.tensor2d(negativeVectors, [width, dimensions]);
      const products = tf.fused.matMul({ a: userRows, b: tf.transpose(vectors), bias: tf.tensor1d(biases) });
      const probabilities = tf.softmax(tf.add(products, tf.tensor2d(corrections, [rowCount, width])));
      // Not `slice`, which takes ten times as long for a column.
      const labelProbabilities = tf.gather(probabilities, [0], 1).dataSync<'float32'>();

      const labelLogits = labelProbabilities.map((p) => (p - 1) / rowCount);
      const labelParts = scaledRows(labelVectors, labelLogits, dimensions);
      const throughNegatives = tf.mul(tf.matMul(probabilities, vectors), 1 / rowCount);
      const userGradient = tf.add(throughNegatives, tf.tensor2d(labelParts, [rowCount, dimensions]));
      // (Uᵀ·P)ᵀ rather than Pᵀ·U: the matrices transposed are small ones.
      const negativeGradient = tf.transpose(tf.matMul(tf.transpose(userRows), probabilities));
      const negatives = negativeGradient.dataSync<'float32'>().map((g) => g / rowCount);
      const outputGradient = scaledUsers
        ? tf.tensor2d(scaledUsers.through(userGradient.dataSync<'float32'>().slice()), [rowCount, dimensions])
        : (userGradient as typeof pass.output);
      const inputGradient = this.network.backward(pass, outputGradient);
      const inputGradients = inputGradient.dataSync<'float32'>();
      applyDropout(inputGradients, layout.inputSize, layout.reals.from, onInput);
      gradients.value = {
        loss: meanLoss(labelProbabilities),
        inputs: inputGradients,
        labels: scaledLabels?.through(users.slice()) ?? users,
        labelLogits,
        negatives: scaledNegatives?.through(negatives) ?? negatives,
      };
    });
    return gradients.value as BatchGradients;
  }

  private scatter(batch: CandidateBatch, gradients: BatchGradients, sinks: Sinks): void {
    const { layout, tables } = this.setup;
    const { dimensions } = tables.output;
    scatterInputGradients(layout, tables, batch.inputs, gradients.inputs, sinks);
    batch.labels.forEach((row, i) => sinks.output.add(row, gradients.labels, i * dimensions, gradients.labelLogits[i]));
    batch.negatives.forEach((row, j) => sinks.output.add(row, gradients.negatives, (j + 1) * dimensions, 1));
  }
}

/** Rows that are scaled to one length, in place. */
class ScaledRows {
  private readonly factors: Float32Array;

  constructor(
    readonly rows: Float32Array,
    private readonly dimensions: number,
    private readonly length: number,
  ) {
    this.factors = scaleToLength(rows, dimensions, length);
  }

  /** From gradients by the scaled rows to those by the rows as they were, in place. */
  through(gradients: Float32Array): Float32Array {
    throughScaling(gradients, this.rows, this.dimensions, this.factors, this.length);
    return gradients;
  }
}

/** For each video, where it stands among the negatives of the batch at hand: chains through typed arrays. */
class AccidentalHits {
  /** Position + 1 of a video's last negative, [rowCount]; 0 = none. */
  private readonly heads: Int32Array;
  /** Position + 1 of the one before, [negativeCount]. */
  private readonly previous: Int32Array;
  private indexed: Int32Array = new Int32Array(0);

  constructor(rowCount: number, negativeCount: number) {
    this.heads = new Int32Array(rowCount);
    this.previous = new Int32Array(negativeCount);
  }

  index(negatives: Int32Array): void {
    for (const video of this.indexed) this.heads[video] = 0;
    for (let j = 0; j < negatives.length; j++) {
      this.previous[j] = this.heads[negatives[j]];
      this.heads[negatives[j]] = j + 1;
    }
    this.indexed = negatives.slice();
  }

  visit(video: number, atPosition: (j: number) => void): void {
    for (let next = this.heads[video]; next !== 0; next = this.previous[next - 1]) atPosition(next - 1);
  }
}

/** Sums gradients per row, where RowwiseAdagrad would apply them. */
class GradientCollector implements GradientSink {
  readonly sums = new Map<number, Float32Array>();

  constructor(private readonly table: EmbeddingTable) {}

  add(row: number, gradients: Float32Array, offset: number, scale: number): void {
    if (row === 0) return;
    const sum = this.sums.get(row) ?? new Float32Array(this.table.dimensions);
    for (let d = 0; d < sum.length; d++) sum[d] += scale * gradients[offset + d];
    this.sums.set(row, sum);
  }
}

/** One thing for each table; tied tables share theirs. */
function forTables<T>(tables: CandidateTables, of: (table: EmbeddingTable) => T): Record<keyof CandidateTables, T> {
  const watched = of(tables.watched);
  return {
    watched,
    positions: of(tables.positions),
    queries: of(tables.queries),
    searchTokens: of(tables.searchTokens),
    countries: of(tables.countries),
    devices: of(tables.devices),
    output: tables.output === tables.watched ? watched : of(tables.output),
  };
}

function gatherRows({ values, dimensions }: EmbeddingTable, rows: Int32Array, out: Float32Array, offset: number): void {
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i] * dimensions;
    const to = offset + i * dimensions;
    for (let d = 0; d < dimensions; d++) out[to + d] = values[from + d];
  }
}

function dot(a: Float32Array, b: Float32Array, offset: number, length: number): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += a[offset + d] * b[offset + d];
  return sum;
}

/** Row i of `rows` times scales[i]. */
function scaledRows(rows: Float32Array, scales: Float32Array, dimensions: number): Float32Array {
  return rows.map((x, i) => x * scales[Math.floor(i / dimensions)]);
}

function meanLoss(labelProbabilities: Float32Array): number {
  let sum = 0;
  for (const p of labelProbabilities) sum -= Math.log(Math.max(p, LEAST_PROBABILITY)); // NaN stays NaN
  return sum / labelProbabilities.length;
}
