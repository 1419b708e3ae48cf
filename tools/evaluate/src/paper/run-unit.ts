/** One unit: train, ask, keep what each user's rows came to. */
import {
  type CandidateEngineFactory,
  type CandidateModel,
  type CandidateModelConfig,
  checkConfig,
  scoreVideos,
  trainCandidateModel,
} from '@watchnext/candidate-model';
import { countedImpression, pagesOf, rankInCatalogue, UserRatio, weightedPerUserLoss } from '@watchnext/evaluation';
import { type CandidateExample, DAY_MS } from '@watchnext/features';
import { onnxTowerRunner } from '@watchnext/inference';
import { predictImpressions } from '@watchnext/offline';
import { type RankingEngineFactory, trainRankingModel } from '@watchnext/ranking-model';
import { breathe } from '@watchnext/waiting';
import { AgeCurveBuilder, type AgeRange } from './age-curve';
import { type PaperData, statisticsOf } from './data';
import { onlyFeatures, setUsersApart, withContextAround } from './examples';
import { candidateDefaults, rankingDefaults, recallKOf } from './trained-as';
import type { AgeCurveUnit, CandidateUnit, RankingUnit, Unit, UnitResult, UserRows } from './units';

/** Users whose examples say when training should stop. */
const VALIDATED_ONE_IN = 10;
/** Users whose watches the popularity by age is of. */
const CURVE_ONE_IN = 4;
const QUERIES_PER_BREATH = 50;
/** Of a log without upload times. */
const NO_AGES: AgeRange = { first: 0, last: -1 };

export interface UnitOptions {
  readonly seed: number;
  readonly candidateEngine: CandidateEngineFactory;
  readonly rankingEngine: RankingEngineFactory;
  readonly signal: AbortSignal;
  readonly onProgress: (share: number, detail: string) => void;
}

export async function runUnit(unit: Unit, data: PaperData, options: UnitOptions): Promise<UnitResult> {
  const before = process.cpuUsage();
  const result = await (unit.kind === 'ranking'
    ? runRanking(unit, data, options)
    : unit.kind === 'candidate'
      ? runCandidate(unit, data, options)
      : runAgeCurve(unit, data, options));
  const { user, system } = process.cpuUsage(before);
  return { ...result, processorSeconds: (user + system) / 1e6 };
}

type Bare = Omit<UnitResult, 'processorSeconds' | 'commit'>;

async function runCandidate(unit: CandidateUnit, data: PaperData, options: UnitOptions): Promise<Bare> {
  const { training, queries } = data.candidates;
  const { features, labels } = unit;
  const change =
    features === 'watches' || features === 'searches' ? { exampleAgeKnots: 0, ...unit.change } : unit.change;
  const { kept, apart } = setUsersApart(training, VALIDATED_ONE_IN);
  const labelled = labels === 'random' ? withContextAround(kept) : kept;
  const seenAs = (examples: readonly CandidateExample[]) => examples.map((example) => onlyFeatures(example, features));
  const earlier = (examples: readonly CandidateExample[]) =>
    seenAs(examples.filter(({ labelAtMs }) => labelAtMs < data.candidates.earlierUntilMs));
  const defaults = candidateDefaults(data);
  const before =
    unit.epochs === 'warm'
      ? await trained(earlier(labelled), earlier(apart), { defaults, change }, options)
      : undefined;
  const settings = {
    defaults,
    change,
    halved: unit.epochs !== undefined,
    ...(before ? { warmStart: before.model } : {}),
  };
  const { model } = await trained(seenAs(labelled), seenAs(apart), settings, options);
  const scoresOf = scoring(model);
  const recallK = recallKOf(data);
  const map = new UserRatio();
  const recall = new UserRatio();
  for (const [done, query] of queries.entries()) {
    if (done % QUERIES_PER_BREATH === 0) await breathe(options.signal);
    const { userId, labelVideoId, features: known } = onlyFeatures(query.example, features);
    const label = model.videoRow(labelVideoId);
    const seen = new Set(query.earlierVideoIds.flatMap((videoId) => model.videoRow(videoId) ?? []));
    const rank = label === undefined ? Infinity : rankInCatalogue(scoresOf(model.userVector(known, 0)), label, seen);
    map.add(userId, 1 / rank, 1);
    recall.add(userId, rank <= recallK ? 1 : 0, 1);
  }
  return { metrics: { map: rowsOf(map), recall: rowsOf(recall) } };
}

async function runAgeCurve({ change }: AgeCurveUnit, data: PaperData, options: UnitOptions): Promise<Bare> {
  const { kept, apart: asked } = setUsersApart(data.candidates.training, CURVE_ONE_IN);
  const validated = setUsersApart(kept, VALIDATED_ONE_IN);
  const { model, windowEndMs } = await trained(
    validated.kept,
    validated.apart,
    { defaults: candidateDefaults(data), change },
    options,
  );
  const scoresOf = scoring(model);
  const curve = new AgeCurveBuilder(
    data.candidates.ageDays ?? NO_AGES,
    Float64Array.from(model.videoIds, (videoId) => data.candidates.uploadedAtMs.get(videoId) ?? NaN),
  );
  for (const [done, { userId, labelVideoId, labelAtMs, features }] of asked.entries()) {
    if (done % QUERIES_PER_BREATH === 0) await breathe(options.signal);
    const ageDays = Math.max(0, windowEndMs - labelAtMs) / DAY_MS;
    const label = model.videoRow(labelVideoId);
    curve.add(userId, labelAtMs, label ?? -1, softmax(scoresOf(model.userVector(features, ageDays)), model.logitScale));
  }
  return { metrics: {}, curve: curve.result() };
}

interface TrainingSettings {
  readonly defaults: CandidateModelConfig;
  readonly change: Partial<CandidateModelConfig>;
  readonly halved?: boolean;
  readonly warmStart?: CandidateModel;
}

/** Of the six or so that trainings of both logs are best after; of the most that they may have, half are more than that (decision 171). */
const HALF_EPOCHS = 3;

async function trained(
  examples: readonly CandidateExample[],
  validationExamples: readonly CandidateExample[],
  settings: TrainingSettings,
  { seed, candidateEngine, signal, onProgress }: UnitOptions,
) {
  const whole = { ...settings.defaults, ...settings.change };
  const config = settings.halved ? { ...whole, epochCount: HALF_EPOCHS } : whole;
  checkConfig(config);
  const windowEndMs = [...examples, ...validationExamples].reduce((end, { labelAtMs }) => Math.max(end, labelAtMs), 0);
  const model = await trainCandidateModel({
    examples,
    validationExamples,
    config,
    windowEndMs,
    createEngine: candidateEngine,
    createRunner: onnxTowerRunner,
    seed,
    signal,
    ...(settings.warmStart ? { warmStart: settings.warmStart } : {}),
    onProgress: ({ step, stepCount, loss }) => onProgress(step / stepCount, `loss ${loss?.toFixed(3)}`),
  });
  return { model, windowEndMs };
}

/** Of a user with every video, in an array that the next call overwrites. */
function scoring(model: CandidateModel) {
  const scores = new Float64Array(model.videoIds.length);
  return (user: Float32Array) => scoreVideos(model, user, scores);
}

/** In place. */
function softmax(scores: Float64Array, scale: number): Float64Array {
  let largest = -Infinity;
  for (const score of scores) largest = Math.max(largest, scale * score);
  let sum = 0;
  for (let video = 0; video < scores.length; video++) {
    scores[video] = Math.exp(scale * scores[video] - largest);
    sum += scores[video];
  }
  for (let video = 0; video < scores.length; video++) scores[video] /= sum;
  return scores;
}

async function runRanking({ change }: RankingUnit, data: PaperData, options: UnitOptions): Promise<Bare> {
  const { training, heldOut } = data.ranking;
  const statisticsAt = statisticsOf(data);
  const { seed, rankingEngine, signal, onProgress } = options;
  const config = { ...rankingDefaults(data), ...change };
  const model = await trainRankingModel({
    examples: training,
    statisticsAt,
    config,
    createEngine: rankingEngine,
    createRunner: onnxTowerRunner,
    seed,
    signal,
    onProgress: ({ step, stepCount, loss }) => onProgress(step / stepCount, `loss ${loss.toFixed(3)}`),
  });
  const { expectedWatchSeconds } = await predictImpressions(model, heldOut, { statisticsAt, signal });
  const impressions = heldOut.map(countedImpression);
  const loss = weightedPerUserLoss(impressions, pagesOf(impressions), expectedWatchSeconds);
  return { metrics: { 'weighted per-user loss': rowsOf(loss) } };
}

const rowsOf = (ratio: UserRatio): UserRows => [...ratio.rows()];
