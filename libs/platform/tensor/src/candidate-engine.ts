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
  lastWatches,
  scatterInputGradients,
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
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import type { TensorBackend } from './backend';
import {
  AccidentalHits,
  dot,
  forTables,
  gatherRows,
  GradientCollector,
  scaledRows,
  ScaledRows,
} from './candidate-rows';
import { DenseNetwork } from './dense-network';
import { GreatestProducts, RoutedLabels } from './interests';

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
    const { tables, layout, batchSize, negativeCount, interests = 1 } = setup;
    const { dimensions } = tables.output;
    const [from, to] = [setup.tower.at(0)?.inputSize, setup.tower.at(-1)?.outputSize];
    if (from !== layout.inputSize || to !== interests * dimensions) {
      throw new Error(`the tower maps ${from} → ${to}, the tables ${layout.inputSize} → ${interests * dimensions}`);
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
    this.decay(batch);
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
    const { layout, tables, batchSize, negativeCount, interests = 1 } = this.setup;
    const { rowCount } = batch.inputs;
    const userCount = rowCount * interests;
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
      const userRows = scaledUsers
        ? tf.tensor2d(users, [userCount, dimensions])
        : tf.reshape<Rank.R2>(pass.output, [userCount, dimensions]);
      const routed = interests === 1 ? undefined : new RoutedLabels(users, labelVectors, rowCount, interests);
      const labelUsers = routed?.users ?? users;
      for (let i = 0; i < rowCount; i++) {
        corrections[i * width] = dot(labelUsers, labelVectors, i * dimensions, dimensions);
        this.hits.visit(batch.labels[i], (j) => (corrections[i * width + 1 + j] = MASK));
      }

      const vectors = tf.tensor2d(negativeVectors, [width, dimensions]);
      const products = tf.fused.matMul({ a: userRows, b: tf.transpose(vectors), bias: tf.tensor1d(biases) });
      const greatest =
        interests === 1 ? undefined : new GreatestProducts(products.dataSync<'float32'>(), interests, width);
      const logits = greatest ? tf.tensor2d(greatest.values, [rowCount, width]) : products;
      const probabilities = tf.softmax(tf.add(logits, tf.tensor2d(corrections, [rowCount, width])));
      // Not `slice`, which takes ten times as long for a column.
      const labelProbabilities = tf.gather(probabilities, [0], 1).dataSync<'float32'>();

      const labelLogits = labelProbabilities.map((p) => (p - 1) / rowCount);
      const labelParts = scaledRows(labelVectors, labelLogits, dimensions);
      const byProduct = greatest
        ? tf.tensor2d(greatest.through(probabilities.dataSync<'float32'>()), [userCount, width])
        : probabilities;
      const throughNegatives = tf.mul(tf.matMul(byProduct, vectors), 1 / rowCount);
      const ofLabels = routed?.toUsers(labelParts) ?? labelParts;
      const userGradient = tf.add(throughNegatives, tf.tensor2d(ofLabels, [userCount, dimensions]));
      // (Uᵀ·P)ᵀ rather than Pᵀ·U: the matrices transposed are small ones.
      const negativeGradient = tf.transpose(tf.matMul(tf.transpose(userRows), byProduct));
      const negatives = negativeGradient.dataSync<'float32'>().map((g) => g / rowCount);
      const outputGradient = scaledUsers
        ? tf.tensor2d(scaledUsers.through(userGradient.dataSync<'float32'>().slice()), [userCount, dimensions])
        : (userGradient as Tensor2D);
      const towerGradient = tf.reshape<Rank.R2>(outputGradient, [rowCount, interests * dimensions]);
      const inputGradient = this.network.backward(pass, towerGradient);
      const inputGradients = inputGradient.dataSync<'float32'>();
      applyDropout(inputGradients, layout.inputSize, layout.reals.from, onInput);
      gradients.value = {
        loss: meanLoss(labelProbabilities),
        inputs: inputGradients,
        labels: scaledLabels?.through(labelUsers.slice()) ?? labelUsers,
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

  private decay({ inputs, labels, negatives }: CandidateBatch): void {
    const { layout, tables, tableDecay = 0 } = this.setup;
    if (tableDecay === 0) return;
    const use = (name: keyof CandidateTables, rows: Int32Array) => {
      const { values, dimensions } = tables[name];
      rows.forEach((row) => this.optimizers[name].add(row, values, row * dimensions, tableDecay / inputs.rowCount));
    };
    const allRows = ({ rowCount }: EmbeddingTable) => Int32Array.from({ length: rowCount }, (_, row) => row);
    use('watched', inputs.history);
    if (layout.historyLast.width > 0) use('watched', lastWatches(inputs));
    if (layout.searchTokens.width > 0) use('searchTokens', inputs.searchTokens);
    if (layout.country.width > 0) use('countries', inputs.countries);
    if (layout.device.width > 0) use('devices', inputs.devices);
    use('output', labels);
    use('output', negatives);
    use('positions', allRows(tables.positions));
    use('queries', allRows(tables.queries));
  }
}

function meanLoss(labelProbabilities: Float32Array): number {
  let sum = 0;
  for (const p of labelProbabilities) sum -= Math.log(Math.max(p, LEAST_PROBABILITY)); // NaN stays NaN
  return sum / labelProbabilities.length;
}
