import type { CandidateExample } from '@watchnext/features';
import { type LearningRateSchedule, shownSetting } from '@watchnext/learning';
import { TIME_BUCKETS } from './watch-times';

/** All that defines and trains a candidate model, but for the data and the seed. It is stored with the model. */
export interface CandidateModelConfig extends LearningRateSchedule {
  /** Of the watched and the output video embeddings, so of a user vector too. */
  readonly dimensions: number;
  readonly searchTokenDimensions: number;
  readonly countryDimensions: number;
  readonly deviceDimensions: number;
  /** ReLU layers between the input and the linear layer that gives the user vectors; none: a linear model. */
  readonly hiddenSizes: readonly number[];
  readonly historyEncoder: HistoryEncoder;
  /** Of the encoders with heads: how many weighted averages. */
  readonly historyHeads: number;
  /** One table for videos as part of a history and as what is predicted, instead of two as in the paper. */
  readonly tiedTables: boolean;
  /**
   * Hat functions that the example age is given as, spread evenly over the training window; 0: without example age. Closer together near
   * age 0 they had too few examples to learn from (decision 173).
   */
  readonly exampleAgeKnots: number;

  /** Vocabulary sizes: the most frequent are kept. */
  readonly maxVideos: number;
  readonly maxSearchTokens: number;
  readonly maxCountries: number;
  readonly maxDevices: number;

  /** Chosen anew each epoch; users with fewer give all they have (paper §3.4: so that heavy users do not dominate). */
  readonly examplesPerUserPerEpoch: number;
  readonly epochCount: number;
  readonly batchSize: number;
  /** Drawn once per batch and shared by its examples; with as many as there are videos or more, the full softmax. */
  readonly negativeCount: number;
  /** Negatives are drawn with probability ∝ watch count ^ this. */
  readonly negativePower: number;
  /** Importance weighting of the negatives by how often they are drawn; off only to show what it is for. */
  readonly logQCorrection: boolean;
  /** Adam, on the tower. */
  readonly denseLearningRate: number;
  /** Row-wise Adagrad, on the tables. */
  readonly tableLearningRate: number;
  /** Standard deviation of the tables' first values. */
  readonly tableInitialScale: number;
  /** Share of the embeddings in an input row, and of each hidden layer's numbers, that a step leaves out at random. */
  readonly inputDropout: number;
  readonly hiddenDropout: number;
  /** Epochs without a better validation recall until training stops; used only when there are validation examples. */
  readonly patienceEpochs: number;

  /** Off by default, and absent where off, as in models from before they were there (decision 118). */

  /**
   * User and video vectors get length 1, and logits are their cosines divided by this temperature; absent: vectors of any
   * length and their inner products. From 0.01 on, below which e^(1 / temperature) overflows float32.
   */
  readonly temperature?: number;
  /**
   * Share of the negatives that are labels of the batch's other examples, as far as it has so many (in-batch-negatives.ts).
   * Where there are as many negatives as videos the softmax is whole, and nothing is drawn from anywhere.
   */
  readonly inBatchShare?: number;
  /** Pull of the tables' rows towards zero for each use in an example: λ of λ/2 · |row|² added to the example's loss. */
  readonly tableDecay?: number;
  /**
   * User vectors of a viewer, each for an interest: a video's score is the greatest of its inner products with them
   * (decision 136). Absent: one. Each is a search of the index for a request.
   */
  readonly interests?: number;
  /**
   * What a training begins with, as far as no earlier model is there to begin with: `co-watches`, the videos' vectors from who watched what
   * (co-watch-vectors.ts) and a tower that passes the history's through (history-passage.ts); absent or `random`: random numbers.
   * With several interests, or a hidden layer of fewer than 2 · dimensions units, the tower begins at random all the same.
   */
  readonly initialWeights?: (typeof INITIAL_WEIGHTS)[number];
}

const INITIAL_WEIGHTS = ['random', 'co-watches'] as const;

const OPTIONAL_SETTINGS = [
  'temperature',
  'inBatchShare',
  'tableDecay',
  'interests',
] as const satisfies readonly (keyof CandidateModelConfig)[];
const LEAST_TEMPERATURE = 0.01;
const MOST_INTERESTS = 16;

/** Of the tower: its input, its hidden layers, and the user vectors one after the other. */
export function towerSizes(
  inputSize: number,
  config: Pick<CandidateModelConfig, 'hiddenSizes' | 'dimensions' | 'interests'>,
): number[] {
  return [inputSize, ...config.hiddenSizes, interestsOf(config) * config.dimensions];
}

/** How many user vectors a viewer has. */
export function interestsOf({ interests = 1 }: Pick<CandidateModelConfig, 'interests'>): number {
  return interests;
}

/** Names of all settings, also of those that are off. */
export function candidateSettings(): string[] {
  return [...Object.keys(defaultCandidateConfig({ videoCount: 1, exampleCount: 1 })), ...OPTIONAL_SETTINGS];
}

/**
 * What the tower sees of the watch history:
 *
 * - `mean`: the mean of the watched videos' embeddings, as in the paper;
 * - `mean-and-last`: beside it the last watch as an input of its own;
 * - `position-heads`: several averages, each weighted by the place in the history with weights that are learned, and the
 *   last watch. The plain mean is among what a head can learn;
 * - `query-heads`: the same, with weights that also depend on how the last watch and the others go together;
 * - `time-heads`: as `position-heads`, weighted by how long before the last watch each was begun (watch-times.ts) in place of
 *   the position. Needs features with times.
 */
export const HISTORY_ENCODERS = ['mean', 'mean-and-last', 'position-heads', 'query-heads', 'time-heads'] as const;
export type HistoryEncoder = (typeof HISTORY_ENCODERS)[number];

export function hasHeads(encoder: HistoryEncoder): boolean {
  return encoder === 'position-heads' || encoder === 'query-heads' || encoder === 'time-heads';
}

/** Whether features must have the times of watches. */
export function needsWatchTimes({ historyEncoder }: Pick<CandidateModelConfig, 'historyEncoder'>): boolean {
  return historyEncoder === 'time-heads';
}

/** Rows of weights that an encoder with heads has: for each position in a history, or each bucket of time. */
export function placeCount(config: Pick<CandidateModelConfig, 'historyEncoder'>): number {
  return needsWatchTimes(config) ? TIME_BUCKETS : HISTORY_LENGTH;
}

/** Watches that a history holds at most (paper §3.3). */
export const HISTORY_LENGTH = 50;

export interface DataSize {
  /** Distinct videos watched. */
  readonly videoCount: number;
  /** Distinct users who watched; default: so many that none has many examples. */
  readonly userCount?: number;
  readonly exampleCount: number;
  /** Of them an epoch has, which takes no more of a user than `examplesPerUserPerEpoch`; default: as if all users had as many. */
  readonly epochExampleCount?: number;
  /** Whether validation examples end a training; default: they do. */
  readonly validated?: boolean;
}

export function dataSizeOf(examples: readonly CandidateExample[]): Required<Omit<DataSize, 'validated'>> {
  const ofUser = new Map<string, number>();
  for (const { userId } of examples) ofUser.set(userId, (ofUser.get(userId) ?? 0) + 1);
  const size = { userCount: ofUser.size, exampleCount: examples.length };
  const most = examplesOfAUser(size);
  return {
    videoCount: new Set(examples.map(({ labelVideoId }) => labelVideoId)).size,
    ...size,
    epochExampleCount: [...ofUser.values()].reduce((sum, count) => sum + Math.min(count, most), 0),
  };
}

/** From here on a second trial costs more than it tells (with this much data the default encoder is the better one), and an epoch is long. */
const LARGE_EXAMPLES = 100_000;

/**
 * Settings for a set of data. Small data gets small batches, so that an epoch still has steps to learn in, and a smaller
 * tower. Tried on MovieTweetings (95,000 examples of 10,300 films, leave one out: HR@10 .20, popularity .14), on KuaiRand
 * (38,000 completed watches of 7,500 videos: recall@100 on the next days .32, popularity .26) and on synthetic clusters;
 * the tables' learning rate is best near 0.05 on all of them.
 */
export function defaultCandidateConfig(size: DataSize): CandidateModelConfig {
  const { videoCount, exampleCount } = size;
  const batchSize = exampleCount < 20_000 ? 128 : 512;
  const epochCount = defaultEpochCount(size, batchSize);
  return {
    dimensions: videoCount < 1_000 ? 32 : 64,
    searchTokenDimensions: 32,
    countryDimensions: 8,
    deviceDimensions: 4,
    hiddenSizes: exampleCount < 100_000 ? [128] : [256, 128],
    historyEncoder: 'position-heads',
    historyHeads: 4,
    tiedTables: true,
    exampleAgeKnots: 16,
    maxVideos: 1_000_000,
    maxSearchTokens: 1_000_000,
    maxCountries: 300,
    maxDevices: 100,
    examplesPerUserPerEpoch: examplesOfAUser(size),
    epochCount,
    batchSize,
    // Not fewer for a smaller catalogue: training takes what there are, and trained again with more videos it is whole again.
    negativeCount: 1_000,
    negativePower: 0.75,
    logQCorrection: true,
    denseLearningRate: 1e-3,
    tableLearningRate: 0.05,
    tableInitialScale: 0.05,
    inputDropout: 0.3,
    hiddenDropout: 0.3,
    // After a single epoch it would be chance that ends a training: what is held out goes up and down (decision 172).
    patienceEpochs: Math.max(2, Math.floor(epochCount / 4)),
    learningRateWarmUp: 0,
    learningRateDecay: 'constant',
    initialWeights: 'co-watches',
  };
}

/** What to try on a set of data and choose from by validation, the preferred form first; that alone where nothing is to choose by. */
export function candidateForms(size: DataSize): CandidateModelConfig[] {
  const config = defaultCandidateConfig(size);
  if (size.exampleCount >= LARGE_EXAMPLES || size.validated === false) return [config];
  return (['position-heads', 'mean'] as const).map((historyEncoder) => ({ ...config, historyEncoder }));
}

/**
 * How many there may be: what is held out ends a training earlier. It was best after 2 to 6 epochs at 5 to 15 examples per video,
 * 5 to 18 at 30 to 60, and 17 to 22 at 260; but a small log has few steps in an epoch, and was best after 10 of 28 steps each
 * (decisions 149 and 171). Where nothing is held out, all of them are trained, so there are fewer. Very large logs get fewer, too.
 */
function defaultEpochCount(size: DataSize, batchSize: number): number {
  const { videoCount, userCount = Infinity, exampleCount, validated = true } = size;
  const { epochExampleCount = Math.min(exampleCount, userCount * examplesOfAUser(size)) } = size;
  const epochSize = Math.max(1, epochExampleCount);
  const { examplesPerVideo, steps } = validated ? EPOCHS.validated : EPOCHS.blind;
  const byDensity = Math.round(exampleCount / Math.max(videoCount, 1) / examplesPerVideo);
  const bySteps = Math.ceil(steps / Math.ceil(epochSize / batchSize));
  return Math.min(clamp(Math.max(byDensity, bySteps), 6, 24), Math.ceil(EXAMPLE_BUDGET / epochSize));
}

/** An epoch for each so many examples of a video, or as many as have so many steps. */
const EPOCHS = {
  validated: { examplesPerVideo: 3, steps: 1_000 },
  blind: { examplesPerVideo: 10, steps: 100 },
} as const;

/** Examples over all epochs after which a default training begins no other: some eight minutes of one core, fifteen in WebAssembly. */
const EXAMPLE_BUDGET = 20_000_000;

/**
 * The paper's same number for each user keeps the most active ones from ruling the loss. It follows the mean where that is many:
 * six epochs with 50 of 150 each lost a seventh of recall@10 (decision 149).
 */
function examplesOfAUser({ userCount = Infinity, exampleCount }: Omit<DataSize, 'videoCount'>): number {
  return clamp(Math.round(exampleCount / Math.max(userCount, 1)), 50, 200);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** Whole numbers, and the least that they may be. */
const LEAST_COUNTS = {
  dimensions: 1,
  searchTokenDimensions: 1,
  countryDimensions: 1,
  deviceDimensions: 1,
  examplesPerUserPerEpoch: 1,
  epochCount: 1,
  batchSize: 1,
  negativeCount: 1,
  patienceEpochs: 1,
  historyHeads: 1,
  maxVideos: 1,
  maxSearchTokens: 0,
  maxCountries: 0,
  maxDevices: 0,
  exampleAgeKnots: 0,
} as const satisfies Partial<Record<keyof CandidateModelConfig, number>>;

/** @throws RangeError naming the first setting that is out of range, and what it may be; settings may come from JSON, of any type */
export function checkConfig(config: CandidateModelConfig): void {
  const demand = (name: keyof CandidateModelConfig, holds: boolean, allowed: string) => {
    if (!holds) throw new RangeError(`candidate model: ${name} must be ${allowed}, not ${shownSetting(config[name])}`);
  };
  const isInteger = (value: unknown, least: number) => Number.isSafeInteger(value) && (value as number) >= least;
  const isFrom = (value: unknown, least: number, most = Infinity) =>
    Number.isFinite(value) && (value as number) >= least && (value as number) <= most;
  for (const [name, least] of Object.entries(LEAST_COUNTS) as [keyof typeof LEAST_COUNTS, number][])
    demand(name, isInteger(config[name], least), `a whole number of at least ${least}`);
  for (const name of ['denseLearningRate', 'tableLearningRate', 'tableInitialScale'] as const)
    demand(name, isFrom(config[name], 0) && config[name] > 0, 'a number above 0');
  const { hiddenSizes, temperature, inBatchShare, tableDecay, interests, initialWeights } = config;
  const areSizes = Array.isArray(hiddenSizes) && hiddenSizes.every((size) => isInteger(size, 1));
  demand('hiddenSizes', areSizes, 'a list of whole numbers of at least 1');
  demand('negativePower', isFrom(config.negativePower, 0, 1), 'a number from 0 to 1');
  for (const name of ['inputDropout', 'hiddenDropout'] as const)
    demand(name, isFrom(config[name], 0, 1) && config[name] < 1, 'a share from 0 to below 1');
  demand(
    'temperature',
    temperature === undefined || isFrom(temperature, LEAST_TEMPERATURE, 1),
    `from ${LEAST_TEMPERATURE} to 1, or left out for vectors of any length`,
  );
  demand(
    'inBatchShare',
    inBatchShare === undefined || isFrom(inBatchShare, 0, 1),
    'a share of the negatives, from 0 to 1',
  );
  demand('tableDecay', tableDecay === undefined || isFrom(tableDecay, 0), 'a number of at least 0, or left out');
  demand(
    'interests',
    interests === undefined || (isInteger(interests, 1) && interests <= MOST_INTERESTS),
    `a whole number of user vectors from 1 to ${MOST_INTERESTS}, or left out for one`,
  );
  demand(
    'initialWeights',
    initialWeights === undefined || INITIAL_WEIGHTS.includes(initialWeights),
    `${INITIAL_WEIGHTS.join(' or ')}, or left out for random`,
  );
  for (const name of ['tiedTables', 'logQCorrection'] as const)
    demand(name, typeof config[name] === 'boolean', 'true or false');
  demand('historyEncoder', HISTORY_ENCODERS.includes(config.historyEncoder), `one of ${HISTORY_ENCODERS.join(', ')}`);
}
