import type { RankingExample } from '@watchnext/features';
import {
  createRandom,
  createTable,
  initialiseStack,
  shuffle,
  type DenseStack,
  type EmbeddingTable,
  type Random,
  type Vocabulary,
} from '@watchnext/learning';
import { checkConfig, type RankingModelConfig } from './config';
import type { RankingEngine, RankingEngineFactory, RankingNetwork } from './engine';
import { layOut } from './input-layout';
import { RankingModel } from './ranking-model';
import { buildVocabularies, collectQuantiles, TrainingSet, type StatisticsAt } from './training-set';

export interface RankingProgress {
  /** From 0. */
  readonly epoch: number;
  /** Steps done so far, of all epochs. */
  readonly step: number;
  readonly stepCount: number;
  /** Mean over the steps since the last report, in units of the mean example weight. */
  readonly loss: number;
  readonly examplesPerSecond: number;
}

export interface TrainRankingModelOptions {
  readonly examples: readonly RankingExample[];
  /** Statistics as known when an impression was served: nothing later. */
  readonly statisticsAt: StatisticsAt;
  readonly config: RankingModelConfig;
  readonly createEngine: RankingEngineFactory;
  /** The same seed, examples and engine give the same model. */
  readonly seed: number;
  /** Called every few steps and at the end. */
  readonly onProgress?: (progress: RankingProgress) => void;
  readonly signal?: AbortSignal;
}

const STEPS_BETWEEN_REPORTS = 20;
/** Standard deviation of a new embedding's values: small beside normalised numbers, so that unseen ids stay near zero. */
const EMBEDDING_SCALE = 0.05;

/**
 * Trains on impressions, each seen once an epoch in an order drawn by `seed`.
 *
 * @throws RangeError for a setting or an example that makes no sense; Error when there is nothing to learn from, or when
 *   a loss is not finite, naming the batch; the signal's reason when it is aborted
 */
export async function trainRankingModel(options: TrainRankingModelOptions): Promise<RankingModel> {
  const { examples, statisticsAt, config, seed } = options;
  checkConfig(config);
  checkExamples(examples);
  const random = createRandom(seed);
  const vocabularies = buildVocabularies(examples, config);
  const tables = vocabularies.map((vocabulary, i) => newTable(vocabulary, config, random.fork(`table ${i}`)));
  const quantiles = collectQuantiles(examples, statisticsAt, config.quantileCount, random.fork('quantiles'));
  const layout = layOut(
    tables.map((table) => table.dimensions),
    quantiles,
  );
  const set = new TrainingSet(examples, statisticsAt, config, vocabularies, quantiles, layout);
  if (!(set.baseOdds > 0)) throw new Error('no impression was watched: there is no watch time to learn from');
  const network: RankingNetwork = {
    inputSize: layout.inputSize,
    tables,
    inputs: layout.embeddings,
    tower: newTower([layout.inputSize, ...config.hiddenSizes, 1], set.baseOdds, random.fork('tower')),
    learningRate: config.learningRate,
    tableLearningRate: config.tableLearningRate,
    tableDecay: config.tableDecay,
  };
  const engine = await options.createEngine(network);
  try {
    await runSteps(engine, set, options, random);
    const tower = await engine.finish();
    return new RankingModel({ config, vocabularies, tables, quantiles, tower });
  } finally {
    engine.dispose();
  }
}

async function runSteps(engine: RankingEngine, set: TrainingSet, options: TrainRankingModelOptions, random: Random) {
  const { config, examples, signal, onProgress } = options;
  const { batchSize, epochs } = config;
  const stepsPerEpoch = Math.ceil(set.exampleCount / batchSize);
  const stepCount = stepsPerEpoch * epochs;
  const order = Int32Array.from({ length: set.exampleCount }, (_, i) => i);
  const orders = random.fork('order');
  const dropout = random.fork('dropout');
  let lossSum = 0;
  let steps = 0;
  let exampleCount = 0;
  let startedAt = performance.now();
  for (let step = 0; step < stepCount; step++) {
    signal?.throwIfAborted();
    const epoch = Math.floor(step / stepsPerEpoch);
    const from = (step % stepsPerEpoch) * batchSize;
    if (from === 0) shuffle(order, orders);
    const members = order.subarray(from, Math.min(from + batchSize, order.length));
    const loss = await engine.step(set.batch(members, dropout), 1 - step / stepCount);
    if (!Number.isFinite(loss)) {
      const some = Array.from(members.subarray(0, 3), (i) => examples[i].impressionId).join(', ');
      throw new Error(`ranking: the loss of step ${step} (epoch ${epoch}, impressions ${some}, …) is ${loss}`);
    }
    lossSum += loss;
    steps++;
    exampleCount += members.length;
    if (steps === STEPS_BETWEEN_REPORTS || step === stepCount - 1) {
      const seconds = (performance.now() - startedAt) / 1000;
      onProgress?.({
        epoch,
        step: step + 1,
        stepCount,
        loss: lossSum / steps,
        examplesPerSecond: exampleCount / seconds,
      });
      [lossSum, steps, exampleCount, startedAt] = [0, 0, 0, performance.now()];
      // Steps may be synchronous: let timers, signals and sockets have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** A dimension about proportional to the logarithm of the table's size (paper §4.1). */
function newTable(vocabulary: Vocabulary, config: RankingModelConfig, random: Random): EmbeddingTable {
  const dimensions = Math.max(2, Math.round(config.dimensionsPerLog * Math.log(vocabulary.rowCount)));
  return createTable(vocabulary.rowCount, dimensions, random, EMBEDDING_SCALE);
}

/** Begins at the odds of all examples together, so that no step is spent on finding the level. */
function newTower(sizes: readonly number[], baseOdds: number, random: Random): DenseStack {
  const tower = initialiseStack(sizes, random);
  tower[tower.length - 1].bias[0] = Math.log(baseOdds);
  return tower;
}

function checkExamples(examples: readonly RankingExample[]): void {
  if (examples.length === 0) throw new Error('there are no ranking examples to learn from');
  for (const { impressionId, clicked, watchSeconds } of examples) {
    if (!(watchSeconds >= 0 && Number.isFinite(watchSeconds)) || (!clicked && watchSeconds > 0)) {
      throw new RangeError(
        `impression ${impressionId} (${clicked ? '' : 'not '}clicked) has ${watchSeconds} watch seconds`,
      );
    }
  }
}
