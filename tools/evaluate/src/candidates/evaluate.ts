/** The candidate half of `npm run evaluate`: models and baselines in one table. */
import { selfInformationBits, type Watch, watchCounts, watchLogOf, type WatchLog } from '@watchnext/evaluation';
import type { CandidateExample } from '@watchnext/features';
import { createRandom, mean } from '@watchnext/learning';
import type { CandidateEngineFactory } from '@watchnext/candidate-model';
import type { WatchData } from '../data/watch-data';
import type { Progress } from '../progress';
import type { AskedAt, CandidateReport, ScorerReport, TrainingReport } from '../report';
import { cohortsOfQueries } from './cohorts';
import { fewQueriesWarning } from './few-queries';
import { fitForm } from './fit';
import type { Form } from './forms';
import { defaultListLengths } from './list-lengths';
import { compareRecall, describe, measure, type Measured, type MeasureOptions } from './measure';
import { splitWatches, type HeldOut, type Protocol, type Seen, type Split } from './protocol';
import { baselines, modelScorer } from './scorers';

export interface EvaluateOptions {
  readonly protocol: Protocol;
  readonly part: 'test' | 'validation';
  readonly seen: Seen;
  /** Default: by the size of the catalogue. */
  readonly ks?: readonly number[];
  readonly seeds: readonly number[];
  readonly forms: readonly Form[];
  readonly withBaselines: boolean;
  readonly createEngine: CandidateEngineFactory;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export async function evaluateCandidates(data: WatchData, options: EvaluateOptions): Promise<CandidateReport> {
  const { part, seeds, progress } = options;
  const split = splitWatches(data, options.protocol, options.seen);
  // Each user's in order, as the log wants them: training first, then what validation adds.
  const known = part === 'test' ? [...split.training, ...split.validationExamples] : split.training;
  const queries = split[part];
  const warning = fewQueriesWarning(queries, data, options.protocol, part, options.seen);
  if (warning !== undefined) progress.warn(warning);
  const log = watchLogOf(known.map(watchOf), data.timed);
  const ks = options.ks ?? defaultListLengths(log.videoIds.length);
  const endMs = known.reduce((latest, { labelAtMs }) => Math.max(latest, labelAtMs), 0);
  // A held-out watch after the end of training is asked about at the end of training anyhow.
  const within = data.timed && queries.some(({ example }) => example.labelAtMs < endMs);
  const askings: AskedAt[] = within ? ['end of training', 'time of the label'] : ['end of training'];
  const measureOptions: Omit<MeasureOptions, 'onProgress'> = {
    log,
    selfInformation: selfInformationBits(watchCounts(log)),
    ks,
    seen: options.seen,
    signal: options.signal,
  };
  const { limits, cohorts } = cohortsOfQueries(queries, log, data);
  const random = (label: string) => createRandom(seeds[0]).fork(label);
  const reports: ScorerReport[] = [];
  const ranked = new Map<ScorerReport, Measured>();
  const keep = (head: Pick<ScorerReport, 'name' | 'kind' | 'askedAt' | 'training'>, measured: Measured) => {
    const report = { ...head, ...describe(measured, { ks, videoCount: log.videoIds.length, random, cohorts }) };
    reports.push(report);
    ranked.set(report, measured);
  };

  const rank = async (scorer: Parameters<typeof measure>[0]) => {
    const task = progress.start(`rank: ${scorer.name}`, 'queries');
    const measured = await measure(scorer, queries, {
      ...measureOptions,
      onProgress: (done) => task.update(done, queries.length),
    });
    task.finish();
    return measured;
  };

  if (options.withBaselines) {
    for (const baseline of baselines(log, random('baselines'), endMs, askings, options.signal, progress)) {
      keep({ name: baseline.name, kind: 'baseline', askedAt: baseline.askedAt }, await rank(await baseline.make()));
    }
  }
  for (const form of options.forms) {
    const bySeed = new Map<AskedAt, Measured[]>(askings.map((askedAt) => [askedAt, []]));
    const training: TrainingReport[] = [];
    for (const seed of seeds) {
      const fitted = await fitWithProgress(form, split, seed, options);
      training.push(fitted.report);
      for (const askedAt of askings) {
        const scorer = await modelScorer(form.name, fitted.model, log, fitted.windowEndMs, askedAt);
        bySeed.get(askedAt)?.push(await rank(scorer));
      }
    }
    for (const [askedAt, measured] of bySeed)
      keep({ name: form.name, kind: 'model', askedAt, training }, together(measured));
  }
  const longest = Math.max(...ks);
  return {
    source: data.source,
    protocol: split.description,
    part,
    seen: options.seen,
    seeds,
    counts: {
      users: new Set(queries.map(({ example }) => example.userId)).size,
      videos: log.videoIds.length,
      trainingWatches: known.length,
      queries: queries.length,
      rewatches: split.rewatchCount,
      unknownVideos: unknownCount(queries, log),
    },
    cohortLimits: limits,
    scorers: reports.map((report) => withComparison(report, reports, ranked, longest, random('comparison'))),
  };
}

async function fitWithProgress(form: Form, split: Split, seed: number, options: EvaluateOptions) {
  const task = options.progress.start(`train: ${form.name}`, 'steps');
  const fitted = await fitForm(form, split, options.part, {
    createEngine: options.createEngine,
    seed,
    rewatches: options.seen === 'kept',
    signal: options.signal,
    onProgress: (done, total, detail) => task.update(done, total, detail),
  });
  const tried = fitted.report.tried.map(
    ({ historyEncoder, epochs, validationRecall }) =>
      `${historyEncoder} ${Number.isNaN(validationRecall) ? 'not asked' : validationRecall.toFixed(4)} after ${epochs}`,
  );
  task.finish(`seed ${seed}, validation recall ${tried.join(', ')}`);
  return fitted;
}

/** Mean over seeds: all their ranks, one seed after the other. */
function together(bySeed: readonly Measured[]): Measured {
  return {
    ranks: bySeed.flatMap(({ ranks }) => ranks),
    coverage: mean(bySeed.map(({ coverage }) => coverage)),
    noveltyBits: mean(bySeed.map(({ noveltyBits }) => noveltyBits)),
  };
}

function withComparison(
  report: ScorerReport,
  all: readonly ScorerReport[],
  ranked: ReadonlyMap<ScorerReport, Measured>,
  k: number,
  random: ReturnType<typeof createRandom>,
): ScorerReport {
  const own = ranked.get(report) as Measured;
  const recall = ({ metrics }: ScorerReport) => metrics.recall.find((row) => row.k === k)?.value ?? NaN;
  // Asked at the end of training nobody is told the time, so nobody who was is compared with.
  const rivals = all
    .filter(({ kind, askedAt }) => kind === 'baseline' && (askedAt === 'end of training' || askedAt === report.askedAt))
    .sort((a, b) => recall(b) - recall(a));
  if (report.kind !== 'model' || rivals.length === 0) return report;
  const { difference, interval } = compareRecall(own, ranked.get(rivals[0]) as Measured, k, random);
  return {
    ...report,
    againstBestBaseline: { baseline: rivals[0].name, k, difference, interval95: [interval.low, interval.high] },
  };
}

function watchOf({ userId, labelVideoId, labelAtMs }: CandidateExample): Watch {
  return { userId, videoId: labelVideoId, atMs: labelAtMs };
}

function unknownCount(queries: readonly HeldOut[], log: WatchLog): number {
  const known = new Set(log.videoIds);
  return queries.filter(({ example }) => !known.has(example.labelVideoId)).length;
}
