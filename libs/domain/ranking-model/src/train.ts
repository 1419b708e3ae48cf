import type { RankingExample } from '@watchnext/features';
import {
  createRandom,
  plainTowerRunner,
  type Random,
  type TowerRunnerFactory,
  type TrainingCheckpoints,
  trainingKey,
  type Vocabulary,
} from '@watchnext/learning';
import { calibrateOn } from './calibrate-on';
import { type Calibration, mayReplace, NO_CALIBRATION } from './calibration';
import { checkConfig, epochsOf, type RankingModelConfig } from './config';
import type { RankingEngineFactory } from './engine';
import { meanCrosses, withCrosses } from './crosses';
import { foldMembers, type Member } from './ensemble';
import { numberColumnsOf, type StatisticsAt } from './example-numbers';
import { formOf, type InputLayout, layOut } from './input-layout';
import { trainMembers } from './members';
import { modelFromParts } from './model-parts';
import { Preparation } from './preparation';
import { ProgressOfAll, type RankingProgress } from './progress';
import type { QuantileMap } from './quantiles';
import { RankingModel } from './ranking-model';
import { buildVocabularies, TrainingSet } from './training-set';
import { differenceOfForms, earlierMembersOf, type RankingWarmStart, WarmStart } from './warm-start';

/** A model to begin with. */
export interface EarlierRankingModel {
  readonly model: RankingModel;
  /** It has learned from nothing that was served from then on. */
  readonly untilMs: number;
}

export interface TrainRankingModelOptions {
  readonly examples: readonly RankingExample[];
  /** Statistics as known when an impression was served: nothing later. */
  readonly statisticsAt: StatisticsAt;
  readonly config: RankingModelConfig;
  readonly createEngine: RankingEngineFactory;
  /** What computes a tower for the examples that a model is calibrated by, all at once a fifth of them. */
  readonly createRunner?: TowerRunnerFactory;
  /** Of an earlier training with this configuration, taken over instead of fitted. */
  readonly calibration?: Calibration;
  /** Where tables and tower begin, if it is of the same form; without it, at random. */
  readonly warmStart?: EarlierRankingModel;
  /** Called once, where there is a `warmStart`. */
  readonly onWarmStart?: (report: RankingWarmStart) => void;
  /** The same seed, examples and engine give the same model. */
  readonly seed: number;
  /** Called every few steps and at the end. */
  readonly onProgress?: (progress: RankingProgress) => void;
  /** Called with what is done before, between and after the steps, as "preparing examples, 35%", every few examples. */
  readonly onOtherWork?: (work: string) => void;
  /** When aborted the training leaves its state there; the same training goes on from it another time, to the same model. */
  readonly checkpoints?: TrainingCheckpoints;
  readonly signal?: AbortSignal;
}

/** Of the training's time, the part at its end that calibration is measured on, and not trained on meanwhile. */
const CALIBRATION_SHARE = 0.2;

/**
 * Trains on impressions, each seen once an epoch in an order drawn by `seed`: `config.members` times, and as often again on
 * the first four fifths of the time, to see on the last how the logits are to be calibrated. The objective `click` is
 * not: its odds are no seconds.
 *
 * A training that begins with an earlier model takes `config.warmEpochs`, and needs no other to be calibrated by: what was
 * served since is new to the earlier model.
 *
 * @throws RangeError for a setting or an example that makes no sense; Error when there is nothing to learn from, or when
 *   a loss is not finite, naming the batch; the signal's reason when it is aborted
 */
export async function trainRankingModel(options: TrainRankingModelOptions): Promise<RankingModel> {
  const { examples, config, seed } = options;
  checkConfig(config);
  checkExamples(examples);
  const earlier = warmOrCold(options);
  const random = createRandom(seed);
  if (earlier) {
    const progress = new ProgressOfAll({ ...options, config: { ...config, epochs: epochsOf(config, true) } }, [
      examples.length,
    ]);
    return trainOn(options, await warmCalibration(options, earlier), random, progress, 'whole', earlier);
  }
  const isFitted = config.calibrated && config.objective !== 'click' && !options.calibration;
  const [before, after] = isFitted ? splitByTime(examples) : [[], []];
  const isProbed = before.some(isWatched) && after.some(isWatched);
  const progress = new ProgressOfAll(options, [isProbed ? before.length : 0, examples.length]);
  let calibration = options.calibration ?? NO_CALIBRATION;
  if (isProbed) {
    const part = { ...options, examples: before };
    const probe = await trainOn(part, NO_CALIBRATION, random.fork('probe'), progress, 'probe');
    calibration = await calibrationOn(after, probe, options);
  }
  return trainOn(options, calibration, random, progress, 'whole');
}

/** @returns what the training begins with, if anything; says why not */
function warmOrCold({ warmStart, config, onWarmStart }: TrainRankingModelOptions): EarlierRankingModel | undefined {
  const reason = warmStart && differenceOfForms(warmStart.model.config, config);
  if (reason === undefined) return warmStart;
  onWarmStart?.({ began: 'cold', reason, copiedVideos: 0, newVideos: 0, bridgeError: 0 });
  return undefined;
}

/**
 * By the earlier model on what was served since it was trained, once that gives as many groups as its own calibration has knots; until
 * then, or where nothing follows, its own.
 */
async function warmCalibration(options: TrainRankingModelOptions, earlier: EarlierRankingModel): Promise<Calibration> {
  const { config, calibration, examples } = options;
  if (calibration) return calibration;
  if (!config.calibrated || config.objective === 'click') return NO_CALIBRATION;
  const since = examples.filter(({ servedAtMs }) => servedAtMs >= earlier.untilMs);
  const known = earlier.model.calibration;
  const seconds = Float64Array.from(since, ({ watchSeconds }) => watchSeconds);
  if (!mayReplace(known, seconds)) return known;
  return calibrationOn(since, earlier.model, options);
}

/** @param part which of the trainings, for their states */
async function trainOn(
  options: TrainRankingModelOptions,
  calibration: Calibration,
  random: Random,
  progress: ProgressOfAll,
  part: 'probe' | 'whole',
  earlier?: EarlierRankingModel,
): Promise<RankingModel> {
  const { examples, statisticsAt, config, createEngine, checkpoints, seed, signal } = options;
  const preparation = preparationOf(options);
  const vocabularies = await buildVocabularies(examples, config, preparation);
  const forQuantiles = random.fork('quantiles');
  const numbers = await numberColumnsOf(examples, statisticsAt, config.quantileCount, forQuantiles, preparation);
  const { quantiles } = numbers;
  const before = earlier && earlierMembersOf(modelFromParts(earlier.model.toParts()));
  const dimensions = vocabularies.map((vocabulary, i) =>
    Math.max(dimensionsOf(vocabulary, config), before?.layout.tableDimensions[i] ?? 0),
  );
  const layout = layOut(dimensions, quantiles, formOf(config, false));
  const set = await TrainingSet.of(examples, numbers, { config, vocabularies, layout }, preparation);
  if (!(set.baseOdds[0] > 0)) throw new Error('no impression was watched: there is no watch time to learn from');
  const start = before && new WarmStart(before, { layout, vocabularies, quantiles });
  if (start) options.onWarmStart?.(start.report);
  const members = await trainMembers({
    set,
    layout,
    vocabularies,
    config: { ...config, epochs: epochsOf(config, start !== undefined) },
    ...(start ? { begin: (member, drawn) => start.begin(member, drawn) } : {}),
    createEngine,
    random,
    progress,
    nameOf: (example) => examples[example].impressionId,
    checkpoints,
    key: checkpoints
      ? `ranking-${trainingKey(checkpoints, [part, config, seed], [...set.arrays(), ...(start?.arrays() ?? [])])}`
      : '',
    signal,
  });
  return new RankingModel({
    config,
    vocabularies,
    quantiles,
    calibration,
    ...wholeOf(members, layout, quantiles, config),
  });
}

/** All members in one, the weights of pairs in rows and tower. */
function wholeOf(
  members: readonly Member[],
  layout: InputLayout,
  quantiles: readonly QuantileMap[],
  config: RankingModelConfig,
): Member {
  const { tables, tower } = foldMembers(members, layout, quantiles);
  if (config.crosses === undefined) return { tables, tower };
  const dimensions = tables.map((table) => table.dimensions);
  const [without, to] = [false, true].map((has) => layOut(dimensions, quantiles, formOf(config, has)));
  const crosses = meanCrosses(members.map((member) => member.crosses!));
  return { tables, tower: withCrosses(tower, without, to), crosses };
}

/** Cut in time, so that the later part is as the future is to a model. */
function splitByTime(examples: readonly RankingExample[]): [RankingExample[], RankingExample[]] {
  const times = Float64Array.from(examples, ({ servedAtMs }) => servedAtMs).sort();
  const cutMs = times[Math.floor((1 - CALIBRATION_SHARE) * times.length)];
  const isEarlier = ({ servedAtMs }: RankingExample) => servedAtMs < cutMs;
  return [examples.filter(isEarlier), examples.filter((example) => !isEarlier(example))];
}

const calibrationOn = (
  examples: readonly RankingExample[],
  model: RankingModel,
  options: TrainRankingModelOptions,
): Promise<Calibration> => {
  const { statisticsAt, createRunner = plainTowerRunner } = options;
  return calibrateOn(examples, model, statisticsAt, createRunner, preparationOf(options));
};

const preparationOf = ({ onOtherWork, signal }: TrainRankingModelOptions) => new Preparation(onOtherWork, signal);

/** About proportional to the logarithm of the table's size (paper §4.1). */
function dimensionsOf({ rowCount }: Vocabulary, config: RankingModelConfig): number {
  return Math.max(2, Math.round(config.dimensionsPerLog * Math.log(rowCount)));
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
