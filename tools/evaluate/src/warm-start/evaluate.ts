/** Ranking models of days in turn, as a trainer makes one every day: each from nothing, or from that of the day before. */
import {
  clickAuc,
  comparePaired,
  countedImpression,
  noPageMessage,
  pagesOf,
  watchTimeMae,
  weightedPerUserLoss,
} from '@watchnext/evaluation';
import { DAY_MS, type RankingExample } from '@watchnext/features';
import { onnxTowerRunner } from '@watchnext/inference';
import { createRandom, mean } from '@watchnext/learning';
import { predictImpressions, type ReplayedLog } from '@watchnext/offline';
import {
  defaultRankingConfig,
  type EarlierRankingModel,
  type RankingEngineFactory,
  type RankingModelConfig,
  type RankingWarmStart,
  trainRankingModel,
} from '@watchnext/ranking-model';
import { EvaluationDataError } from '../data/watch-data';
import type { Progress } from '../progress';
import { ratioOf } from '../paper/verdict';
import { calibrationByTenth } from '../ranking/calibration';
import { byDay } from '../ranking/split';
import { type DailyForm, dailyForms } from './forms';
import type { DailyFormReport, WarmStartReport } from './report';

export interface WarmStartOptions {
  /** For the report. */
  readonly source: string;
  /** The first day that is measured begins here; the models that the warm ones begin with end a day before. */
  readonly fromMs: number;
  readonly dayCount: number;
  readonly seeds: readonly number[];
  /** How long warm trainings are; see `dailyForms`. */
  readonly epochs: readonly number[];
  /** Changes of every form. */
  readonly change: Partial<RankingModelConfig>;
  readonly createEngine: RankingEngineFactory;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** @throws EvaluationDataError when a day has nothing to learn from or to measure on */
export async function evaluateWarmStart(replayed: ReplayedLog, options: WarmStartOptions): Promise<WarmStartReport> {
  const { source, fromMs, dayCount, seeds } = options;
  const days = Array.from({ length: dayCount }, (_, day) => dayOf(replayed, fromMs + day * DAY_MS, source));
  const heldOut = days.flatMap((day) => day.heldOut);
  const impressions = heldOut.map(countedImpression);
  const pages = pagesOf(impressions);
  if (pages.length === 0) throw new EvaluationDataError(`${source}: ${noPageMessage('these days')}`);
  const { epochs } = { ...defaultsFor(days[0].training), ...options.change };
  const forms = dailyForms(epochs, options.epochs);
  const runs = new Map<string, DailyRun[]>();
  for (const seed of seeds) {
    for (const form of forms) {
      const run = await runDays(form, seed, replayed, days, options);
      runs.set(form.name, [...(runs.get(form.name) ?? []), run]);
    }
  }
  const random = createRandom(1);
  // Seeds stand side by side: a user's rows are those of all of them.
  const lossesOf = (name: string) =>
    runs.get(name)!.map(({ scores }) => weightedPerUserLoss(impressions, pages, scores));
  const lossOf = (name: string) => ratioOf(lossesOf(name).map((loss) => [...loss.rows()]));
  const standing = lossOf(forms[0].name);
  return {
    source,
    seeds,
    days: days.map(({ fromMs: at, training, heldOut: measured }) => ({
      from: new Date(at).toISOString().slice(0, 16),
      trainingImpressions: training.length,
      impressions: measured.length,
    })),
    pagesWithPairs: pages.length,
    forms: forms.map((form): DailyFormReport => {
      const ofForm = runs.get(form.name)!;
      const loss = lossOf(form.name);
      const { low, high } = loss.interval(random);
      const compared = comparePaired(loss, standing, random);
      return {
        name: form.name,
        weightedPerUserLoss: loss.value(),
        interval95: [low, high],
        lossBySeed: lossesOf(form.name).map((one) => one.value()),
        lessThanAnew: { difference: compared.difference, interval95: [compared.interval.low, compared.interval.high] },
        clickAuc: mean(ofForm.map(({ scores }) => clickAuc(impressions, scores))),
        watchTimeMaeSeconds: mean(ofForm.map(({ seconds }) => watchTimeMae(impressions, seconds).value())),
        calibration: calibrationByTenth(impressions, ofForm[0].seconds, random),
        stepsPerDay: mean(ofForm.map(({ steps }) => steps)) / dayCount,
        processorSecondsPerDay: mean(ofForm.map(({ processorSeconds }) => processorSeconds)) / dayCount,
        starts: ofForm[0].starts,
      };
    }),
  };
}

interface Day {
  readonly fromMs: number;
  readonly training: readonly RankingExample[];
  readonly heldOut: readonly RankingExample[];
}

interface DailyRun {
  /** Of the impressions of all days, one day after the other: at the first place, and where they were shown. */
  readonly scores: Float64Array;
  readonly seconds: Float64Array;
  readonly steps: number;
  readonly processorSeconds: number;
  readonly starts: readonly RankingWarmStart[];
}

function dayOf({ rankingExamples }: ReplayedLog, fromMs: number, source: string): Day {
  const training = rankingExamples.filter(({ servedAtMs }) => servedAtMs < fromMs);
  const heldOut = rankingExamples.filter(({ servedAtMs }) => servedAtMs >= fromMs && servedAtMs < fromMs + DAY_MS);
  if (!training.some(({ clicked }) => clicked) || heldOut.length === 0)
    throw new EvaluationDataError(
      `${source}: nothing to learn from or to measure on ${new Date(fromMs).toISOString()}`,
    );
  return { fromMs, training, heldOut };
}

function defaultsFor(training: readonly RankingExample[]): RankingModelConfig {
  const videoCount = new Set(training.map(({ video }) => video.videoId)).size;
  return defaultRankingConfig({ exampleCount: training.length, videoCount });
}

async function runDays(
  form: DailyForm,
  seed: number,
  replayed: ReplayedLog,
  days: readonly Day[],
  options: WarmStartOptions,
): Promise<DailyRun> {
  const { signal, progress, createEngine, change, source, fromMs } = options;
  const task = progress.start(`${form.name}, seed ${seed}`, 'days');
  // The model before the first day begins anew, and its training is not counted.
  const first = form.isWarm ? [dayOf(replayed, fromMs - DAY_MS, source)] : [];
  const starts: RankingWarmStart[] = [];
  const scores: number[] = [];
  const seconds: number[] = [];
  let [steps, processorSeconds] = [0, 0];
  let earlier: EarlierRankingModel | undefined;
  for (const [number, day] of [...first, ...days].entries()) {
    const statisticsAt = byDay((atMs) => replayed.statistics.asOf(Math.min(atMs, day.fromMs)));
    const before = process.cpuUsage();
    let stepsOfDay = 0;
    const model = await trainRankingModel({
      examples: day.training,
      statisticsAt,
      config: { ...defaultsFor(day.training), ...change, ...form.change },
      createEngine,
      createRunner: onnxTowerRunner,
      seed,
      ...(earlier ? { warmStart: earlier } : {}),
      onWarmStart: (start) => starts.push(start),
      signal,
      onProgress: ({ step, stepCount, loss }) => {
        stepsOfDay = stepCount;
        task.note(`loss ${loss.toFixed(3)}`);
        task.update(number + step / stepCount, first.length + days.length);
      },
    });
    if (form.isWarm) earlier = { model, untilMs: day.fromMs };
    if (number < first.length) continue;
    const used = process.cpuUsage(before);
    processorSeconds += (used.user + used.system) / 1e6;
    steps += stepsOfDay;
    const served = await predictImpressions(model, day.heldOut, { statisticsAt, signal });
    const logged = await predictImpressions(model, day.heldOut, { statisticsAt, position: 'logged', signal });
    for (const score of served.expectedWatchSeconds) scores.push(score);
    for (const second of logged.expectedWatchSeconds) seconds.push(second);
  }
  task.finish();
  return {
    scores: Float64Array.from(scores),
    seconds: Float64Array.from(seconds),
    steps,
    processorSeconds,
    starts,
  };
}
