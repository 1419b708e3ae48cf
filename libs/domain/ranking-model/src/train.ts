import type { RankingExample } from '@watchnext/features';
import {
  createRandom,
  createTable,
  initialiseStack,
  runStack,
  shuffle,
  type DenseStack,
  type Random,
  type Vocabulary,
} from '@watchnext/learning';
import { type Calibration, fitCalibration, NO_CALIBRATION } from './calibration';
import { checkConfig, type RankingModelConfig } from './config';
import type { RankingEngine, RankingEngineFactory, RankingNetwork } from './engine';
import { foldMembers, type Member } from './ensemble';
import { layOut } from './input-layout';
import { ProgressOfAll, type RankingProgress } from './progress';
import { RankingModel } from './ranking-model';
import { buildVocabularies, collectQuantiles, TrainingSet, type StatisticsAt } from './training-set';

export interface TrainRankingModelOptions {
  readonly examples: readonly RankingExample[];
  /** Statistics as known when an impression was served: nothing later. */
  readonly statisticsAt: StatisticsAt;
  readonly config: RankingModelConfig;
  readonly createEngine: RankingEngineFactory;
  /** Of an earlier training with this configuration, taken over instead of fitted. */
  readonly calibration?: Calibration;
  /** The same seed, examples and engine give the same model. */
  readonly seed: number;
  /** Called every few steps and at the end. */
  readonly onProgress?: (progress: RankingProgress) => void;
  readonly signal?: AbortSignal;
}

/** Beyond the log of any watch time that counts. */
const MOST_LOG_ODDS = 12;
/** Standard deviation of a new embedding's values: small beside normalised numbers, so that unseen ids stay near zero. */
const EMBEDDING_SCALE = 0.05;

/** Of the training's time, the part at its end that calibration is measured on, and not trained on meanwhile. */
const CALIBRATION_SHARE = 0.2;

/**
 * Trains on impressions, each seen once an epoch in an order drawn by `seed`: `config.members` times, and as often again on
 * the first four fifths of the time, to see on the last how the logits are to be calibrated. The objective `click` is
 * not: its odds are no seconds.
 *
 * @throws RangeError for a setting or an example that makes no sense; Error when there is nothing to learn from, or when
 *   a loss is not finite, naming the batch; the signal's reason when it is aborted
 */
export async function trainRankingModel(options: TrainRankingModelOptions): Promise<RankingModel> {
  const { examples, config, seed } = options;
  checkConfig(config);
  checkExamples(examples);
  const random = createRandom(seed);
  const isFitted = config.calibrated && config.objective !== 'click' && !options.calibration;
  const [earlier, later] = isFitted ? splitByTime(examples) : [[], []];
  const isProbed = earlier.some(isWatched) && later.some(isWatched);
  const progress = new ProgressOfAll(options, [isProbed ? earlier.length : 0, examples.length]);
  let calibration = options.calibration ?? NO_CALIBRATION;
  if (isProbed) {
    const probe = await trainMembers({ ...options, examples: earlier }, NO_CALIBRATION, random.fork('probe'), progress);
    calibration = calibrationOn(later, probe, options.statisticsAt);
  }
  return trainMembers(options, calibration, random, progress);
}

async function trainMembers(
  { examples, statisticsAt, config, createEngine, signal }: TrainRankingModelOptions,
  calibration: Calibration,
  random: Random,
  progress: ProgressOfAll,
): Promise<RankingModel> {
  const vocabularies = buildVocabularies(examples, config);
  const quantiles = collectQuantiles(examples, statisticsAt, config.quantileCount, random.fork('quantiles'));
  const dimensions = vocabularies.map((vocabulary) => dimensionsOf(vocabulary, config));
  const layout = layOut(dimensions, quantiles, config.powers);
  const set = new TrainingSet(examples, statisticsAt, config, vocabularies, quantiles, layout);
  if (!(set.baseOdds[0] > 0)) throw new Error('no impression was watched: there is no watch time to learn from');
  const members: Member[] = [];
  for (let m = 0; m < config.members; m++) {
    const drawn = random.fork(`member ${m}`);
    const network: RankingNetwork = {
      inputSize: layout.inputSize,
      batchSize: config.batchSize,
      tables: vocabularies.map(({ rowCount }, i) =>
        createTable(rowCount, dimensions[i], drawn.fork(`table ${i}`), EMBEDDING_SCALE),
      ),
      inputs: layout.embeddings,
      tower: newTower(
        [layout.inputSize, ...config.hiddenSizes, set.baseOdds.length],
        set.baseOdds,
        drawn.fork('tower'),
      ),
      learningRate: config.learningRate,
      tableLearningRate: config.tableLearningRate,
      tableDecay: config.tableDecay,
    };
    const engine = await createEngine(network);
    try {
      await runSteps(engine, set, config, drawn, progress, (some) => some.map((i) => examples[i].impressionId), signal);
      members.push({ tables: network.tables, tower: await engine.finish() });
    } finally {
      await engine.dispose();
    }
  }
  return new RankingModel({ config, vocabularies, quantiles, calibration, ...foldMembers(members, layout, quantiles) });
}

async function runSteps(
  engine: RankingEngine,
  set: TrainingSet,
  { batchSize, epochs }: RankingModelConfig,
  random: Random,
  progress: ProgressOfAll,
  namesOf: (members: readonly number[]) => readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const stepsPerEpoch = Math.ceil(set.exampleCount / batchSize);
  const stepCount = stepsPerEpoch * epochs;
  const order = Int32Array.from({ length: set.exampleCount }, (_, i) => i);
  const orders = random.fork('order');
  const dropout = random.fork('dropout');
  for (let step = 0; step < stepCount; step++) {
    signal?.throwIfAborted();
    const epoch = Math.floor(step / stepsPerEpoch);
    const from = (step % stepsPerEpoch) * batchSize;
    if (from === 0) shuffle(order, orders);
    const members = order.subarray(from, Math.min(from + batchSize, order.length));
    const loss = await engine.step(set.batch(members, dropout), 1 - step / stepCount);
    if (!Number.isFinite(loss)) {
      const some = namesOf([...members.subarray(0, 3)]).join(', ');
      throw new Error(`ranking: the loss of step ${step} (epoch ${epoch}, impressions ${some}, …) is ${loss}`);
    }
    // Steps may be synchronous: let timers, signals and sockets have their turn.
    if (progress.add(epoch, loss, members.length)) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Cut in time, so that the later part is as the future is to a model. */
function splitByTime(examples: readonly RankingExample[]): [RankingExample[], RankingExample[]] {
  const times = Float64Array.from(examples, ({ servedAtMs }) => servedAtMs).sort();
  const cutMs = times[Math.floor((1 - CALIBRATION_SHARE) * times.length)];
  const isEarlier = ({ servedAtMs }: RankingExample) => servedAtMs < cutMs;
  return [examples.filter(isEarlier), examples.filter((example) => !isEarlier(example))];
}

function calibrationOn(
  examples: readonly RankingExample[],
  model: RankingModel,
  statisticsAt: StatisticsAt,
): Calibration {
  const row = new Float32Array(model.inputSize);
  const logits = Float64Array.from(examples, ({ user, video, servedAtMs, position }) => {
    model.writeInput(model.encodeUser(user), video, statisticsAt(servedAtMs), row, 0, position);
    return runStack(model.tower, row, 1)[0];
  });
  const seconds = examples.map(({ watchSeconds }) => Math.min(watchSeconds, model.config.watchCapSeconds));
  return fitCalibration(logits, Float64Array.from(seconds));
}

/** About proportional to the logarithm of the table's size (paper §4.1). */
function dimensionsOf({ rowCount }: Vocabulary, config: RankingModelConfig): number {
  return Math.max(2, Math.round(config.dimensionsPerLog * Math.log(rowCount)));
}

/** Begins at the odds of all examples together, so that no step is spent on finding the level. */
function newTower(sizes: readonly number[], baseOdds: readonly number[], random: Random): DenseStack {
  const tower = initialiseStack(sizes, random);
  const { bias } = tower[tower.length - 1];
  // Odds of all or nothing, where every impression was clicked, would begin and stay at infinity.
  baseOdds.forEach((odds, head) => (bias[head] = Math.min(Math.max(Math.log(odds), -MOST_LOG_ODDS), MOST_LOG_ODDS)));
  return tower;
}

const isWatched = ({ clicked, watchSeconds }: RankingExample) => clicked && watchSeconds > 0;

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
