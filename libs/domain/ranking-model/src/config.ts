import { checkSchedule, type LearningRateSchedule, shownSetting } from '@watchnext/learning';

/**
 * What a logit is trained to mean.
 *
 * - `expected-watch-time`: every impression is one unit negative, and a clicked one in addition a positive weighted by
 *   its watch seconds. The odds learned are Σ seconds / Σ impressions = E[T], whatever the click rate.
 * - `paper` (§4.2): a clicked impression is a positive weighted by its watch seconds, one not clicked a unit negative.
 *   The odds are E[T] / (1 − P) for a click rate of P: E[T] while clicks are rare, 1.8 times that at 44%.
 * - `click`: both weigh 1. The odds are those of a click; what the other two are compared with.
 *
 * Where clicks are common the first two do not order alike. Ordering by E[T] gives the most watch time per impression.
 * The paper's metric, the weighted per-user loss, is least for the order of E[T] / (1 − P), which is what `paper` learns:
 * putting i above j is right for it where E[T_i](1 − P_j) > E[T_j](1 − P_i). What that makes on KuaiRand stands in
 * docs/results/ranking.md.
 */
export type RankingObjective = (typeof RANKING_OBJECTIVES)[number];
export const RANKING_OBJECTIVES = ['expected-watch-time', 'paper', 'click'] as const;

/** Of the weights that a ranker is served with; training is in float32. */
export type RankingPrecision = (typeof RANKING_PRECISIONS)[number];
export const RANKING_PRECISIONS = ['float32', 'int8'] as const;

/**
 * Which searches the tower sees, as the mean of their tokens' embeddings (one table, of unigrams and bigrams): of the last 50
 * (paper §3.3, of candidate generation), of the newest one, or of each.
 */
export type RankingSearchInputs = (typeof RANKING_SEARCH_INPUTS)[number];
export const RANKING_SEARCH_INPUTS = ['mean', 'last', 'mean-and-last'] as const;

/**
 * Pairs of ids that get a weight each beside the tower, as in the wide part of Cheng et al. (2016): what the tower, which sees
 * each id through a few numbers, cannot learn by heart.
 */
export type RankingCross = (typeof RANKING_CROSSES)[number];
export const RANKING_CROSSES = ['user-surface', 'surface-channel'] as const;

/** Weights that pairs share, where nothing is said: of 100,000 pairs a third then shares one with another. */
const DEFAULT_CROSS_BUCKETS = 2 ** 18;

export interface RankingModelConfig extends LearningRateSchedule {
  readonly objective: RankingObjective;
  /**
   * A second head beside the watch time's, on the same tower: the log-odds of a click, every impression counted once. Not
   * with the objective `click`, which is one already.
   */
  readonly clickHead: boolean;
  /** ReLU layers between the input row and the logit; none makes it logistic regression. */
  readonly hiddenSizes: readonly number[];
  /** Most ids a vocabulary keeps, by how often they were clicked (paper §4.1). */
  readonly maxVideos: number;
  readonly maxChannels: number;
  readonly maxTopics: number;
  /** An embedding has this many dimensions for each unit of ln(rows of its table), and 2 at the least. */
  readonly dimensionsPerLog: number;
  /** Intervals of equal probability that a number is normalised by. */
  readonly quantileCount: number;
  /** Whether a number's square and root stand beside it (paper §4.1). */
  readonly powers: boolean;
  /** Longest watch that counts; also the largest expectation served. */
  readonly watchCapSeconds: number;
  /**
   * Share of ids that a training row shows as out of vocabulary. It keeps rare ids from being learned by heart, and
   * teaches the tower what to say of a video that it has no row for.
   */
  readonly idDropout: number;
  readonly epochs: number;
  /** Of a training that begins with an earlier model; half of `epochs` where nothing is said (docs/decisions/0125). */
  readonly warmEpochs?: number;
  readonly batchSize: number;
  /** Of Adam on the tower; over the training it changes by the schedule, as the tables' does. */
  readonly learningRate: number;
  /** Of row-wise Adagrad on the tables. */
  readonly tableLearningRate: number;
  /** Trainings from different seeds whose logits are averaged; they are served as one tower, as many times as wide. */
  readonly members: number;
  /** Whether the served seconds are set right by what was watched on the last training days: another `members` trainings. */
  readonly calibrated: boolean;
  /** Pull of embeddings towards zero for each use of a row: λ of λ/2·|row|² added to the example's loss. */
  readonly tableDecay: number;
  /**
   * Largest |∂loss/∂logit| of one example, in units of the mean example weight; 0: any. A watch of three hours is one
   * example with a weight of hundreds.
   */
  readonly gradientClip: number;
  /** Of the hidden layers as served, measured and explained; "float32" where nothing is said, as by older snapshots. */
  readonly precision?: RankingPrecision;
  /** Off by default, and absent where off, as in models from before it was there (docs/decisions/0126). */
  readonly searches?: RankingSearchInputs;
  /** As `searches`, off where absent (docs/decisions/0127). Not with 8-bit layers: a weight would be rounded with the row. */
  readonly crosses?: readonly RankingCross[];
  /** How many weights pairs are hashed to; 2^18 where nothing is said. */
  readonly crossBuckets?: number;
}

export function crossBucketsOf({ crosses, crossBuckets }: RankingModelConfig): number {
  return crosses === undefined ? 0 : (crossBuckets ?? DEFAULT_CROSS_BUCKETS);
}

/** Whether a model of this configuration has a second logit. */
export function hasClickHead({ objective, clickHead }: RankingModelConfig): boolean {
  return clickHead && objective !== 'click';
}

/** What a default configuration does not name. */
const OPTIONAL_SETTINGS = [
  'warmEpochs',
  'searches',
  'crosses',
  'crossBuckets',
] as const satisfies readonly (keyof RankingModelConfig)[];

/** Names of all settings, also of those that are off. */
export function rankingSettings(): string[] {
  return [...Object.keys(defaultRankingConfig({ exampleCount: 1, videoCount: 1 })), ...OPTIONAL_SETTINGS];
}

/** @param isWarm whether the training begins with an earlier model */
export function epochsOf({ epochs, warmEpochs }: RankingModelConfig, isWarm: boolean): number {
  return isWarm ? (warmEpochs ?? Math.ceil(epochs / 2)) : epochs;
}

const SECONDS_PER_HOUR = 3600;

/**
 * Defaults for so much data: a larger tower only where there are examples to fill it, more epochs where few steps would
 * not get far, and fewer where there are so many examples that one is better than another look at the same.
 *
 * Chosen on KuaiRand, trained to 1 May and measured on 2 and 3 May, weighted per-user loss with a standard error of
 * 0.008 (115,000 examples, mean of two seeds): these 0.331; three epochs of 0.02 on the tables 0.335, one epoch 0.338;
 * twice the dimensions 0.334, twice the tower 0.336, half of it 0.333; tables not trained 0.348. With 14,000 examples
 * three epochs 0.337 and six 0.342; with 1,900 examples three epochs 0.390, six 0.364, twelve 0.346, twenty 0.348.
 */
export function defaultRankingConfig(size: { exampleCount: number; videoCount: number }): RankingModelConfig {
  const { exampleCount, videoCount } = size;
  const isSmall = exampleCount < 20_000;
  return {
    objective: 'expected-watch-time',
    clickHead: true,
    hiddenSizes: hiddenSizesFor(exampleCount),
    maxVideos: Math.min(Math.max(videoCount, 1), 1_000_000),
    maxChannels: 100_000,
    maxTopics: 10_000,
    dimensionsPerLog: exampleCount < 1_000_000 ? 1 : 2,
    quantileCount: 100,
    powers: true,
    watchCapSeconds: 3 * SECONDS_PER_HOUR,
    idDropout: 0.1,
    epochs: epochsFor(exampleCount),
    batchSize: isSmall ? 128 : 512,
    learningRate: 1e-3,
    tableLearningRate: 0.05,
    tableDecay: 1e-3,
    learningRateWarmUp: 0,
    learningRateDecay: 'linear',
    gradientClip: 0,
    precision: 'float32',
    members: isSmall || exampleCount >= 1_000_000 ? 1 : 3,
    calibrated: !isSmall,
  };
}

/** Examples over all epochs, but for one epoch of more: three epochs up to 20 million examples, then two, one from 30 million (docs/decisions/0170). */
const EXAMPLE_BUDGET = 60_000_000;

function epochsFor(exampleCount: number): number {
  const count = Math.max(exampleCount, 1);
  return Math.min(Math.max(Math.ceil(25_000 / count), 3), 15, Math.max(1, Math.floor(EXAMPLE_BUDGET / count)));
}

function hiddenSizesFor(exampleCount: number): number[] {
  if (exampleCount < 20_000) return [64, 32];
  if (exampleCount < 1_000_000) return [128, 64];
  if (exampleCount < 20_000_000) return [512, 256];
  return [1024, 512, 256];
}

/** @throws RangeError naming the setting that makes no sense, and what it may be; settings may come from JSON, of any type */
export function checkConfig(config: RankingModelConfig): void {
  const atLeast = (name: keyof RankingModelConfig, least: number, whole: boolean) => {
    const value = config[name] as number;
    if (!(value >= least && Number.isFinite(value)) || (whole && !Number.isInteger(value))) {
      throw new RangeError(
        `ranking config: ${name} must be a ${whole ? 'whole ' : ''}number of at least ${least}, not ${shownSetting(value)}`,
      );
    }
  };
  for (const name of ['maxVideos', 'maxChannels', 'maxTopics', 'epochs', 'batchSize', 'members'] as const)
    atLeast(name, 1, true);
  if (config.warmEpochs !== undefined) atLeast('warmEpochs', 1, true);
  atLeast('quantileCount', 2, true);
  const reals = [
    'dimensionsPerLog',
    'learningRate',
    'tableLearningRate',
    'tableDecay',
    'idDropout',
    'gradientClip',
  ] as const;
  for (const name of reals) atLeast(name, 0, false);
  checkSchedule(config, 'ranking config');
  if (!RANKING_PRECISIONS.includes(config.precision ?? 'float32')) {
    throw new RangeError(
      `ranking config: precision must be ${RANKING_PRECISIONS.join(' or ')}, not ${config.precision}`,
    );
  }
  atLeast('watchCapSeconds', 1, false);
  if (config.idDropout >= 1) throw new RangeError(`ranking config: idDropout must be below 1, not ${config.idDropout}`);
  if (config.searches !== undefined && !RANKING_SEARCH_INPUTS.includes(config.searches)) {
    throw new RangeError(
      `ranking config: searches must be ${RANKING_SEARCH_INPUTS.join(' or ')}, or left out, not ${String(config.searches)}`,
    );
  }
  if (config.crossBuckets !== undefined) atLeast('crossBuckets', 1, true);
  checkCrosses(config);
  if (!RANKING_OBJECTIVES.includes(config.objective)) {
    throw new RangeError(
      `ranking config: objective must be ${RANKING_OBJECTIVES.join(' or ')}, not ${String(config.objective)}`,
    );
  }
  const { hiddenSizes } = config;
  if (!Array.isArray(hiddenSizes) || hiddenSizes.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new RangeError(
      `ranking config: hiddenSizes must be a list of whole numbers of at least 1, not ${shownSetting(hiddenSizes)}`,
    );
  }
  for (const name of ['clickHead', 'powers', 'calibrated'] as const) {
    if (typeof config[name] !== 'boolean')
      throw new RangeError(`ranking config: ${name} must be true or false, not ${shownSetting(config[name])}`);
  }
}

function checkCrosses({ crosses, precision }: RankingModelConfig): void {
  if (crosses === undefined) return;
  const isKnown = Array.isArray(crosses) && crosses.every((cross) => RANKING_CROSSES.includes(cross));
  if (!isKnown || crosses.length === 0 || new Set(crosses).size < crosses.length) {
    throw new RangeError(
      `ranking config: crosses must be of ${RANKING_CROSSES.join(' and ')}, or left out, not ${JSON.stringify(crosses)}`,
    );
  }
  if (precision === 'int8') throw new RangeError('ranking config: crosses need the precision float32');
}
