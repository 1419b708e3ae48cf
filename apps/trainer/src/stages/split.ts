import { isRewatch } from '@watchnext/candidate-model';
import {
  MINIMUM_SAMPLE,
  type LogSpan,
  noPageMessage,
  type Page,
  pagesOf,
  spanOfLog,
  type SplitMoment,
  splitMoment,
} from '@watchnext/evaluation';
import { type CandidateExample, DAY_MS, type RankingExample } from '@watchnext/features';
import { NothingToTrainError } from '../errors';
import { askableCounts, evaluatedWatches } from '../evaluation/held-out-queries';
import { defineStage } from '../pipeline/stage';
import type { ReplayedLog, TimeSplit } from '../pipeline/run-state';
import { firstOfEachUser, mostImpressionsOfEachUser, mostOfEachUser, newestOfEachUser } from './of-each-user';

/** Share of the examples that is held out where neither days nor time separate them, and the most, of time and examples, where days are too few. */
const HELD_OUT_SHARE = 0.2;

const labelTimes = ({ candidateExamples }: ReplayedLog) => Float64Array.from(candidateExamples, (one) => one.labelAtMs);
const servedTimes = ({ rankingExamples }: ReplayedLog) => Float64Array.from(rankingExamples, (one) => one.servedAtMs);

/** Both in one, with nothing of millions of examples made in between. */
function timesOf(log: ReplayedLog): Float64Array {
  const labels = labelTimes(log);
  const served = servedTimes(log);
  const times = new Float64Array(labels.length + served.length);
  times.set(labels);
  times.set(served, labels.length);
  return times;
}

/** The moment that a fifth of the examples lies after: for logs that neither days nor a share of their time divide. */
function quantileMoment(log: ReplayedLog): SplitMoment {
  const times = timesOf(log).sort();
  return { evaluatedFromMs: times[Math.floor((1 - HELD_OUT_SHARE) * times.length)], rule: 'last 20% of the examples' };
}

/** A stray is trained on as if it were of the end of the log: its own time would say that all other examples are old. */
const noLaterThan = (endMs: number) => (example: CandidateExample) => {
  if (example.labelAtMs <= endMs) return example;
  const { userId, labelVideoId, features } = example;
  return { userId, labelVideoId, labelAtMs: endMs, features };
};

/** @param endMs what is later is a stray: not held out, and before the gate not trained on */
function cut(log: ReplayedLog, moment: SplitMoment, endMs: number): TimeSplit {
  const sideOf = <Example>(examples: readonly Example[], atMs: (example: Example) => number, isHeldOut: boolean) =>
    examples.filter((example) => atMs(example) >= moment.evaluatedFromMs === isHeldOut && atMs(example) <= endMs);
  const labelAt = (example: CandidateExample) => example.labelAtMs;
  const servedAt = (example: RankingExample) => example.servedAtMs;
  const candidatesToTrain = sideOf(log.candidateExamples, labelAt, false);
  const most = mostOfEachUser(candidatesToTrain);
  const rankingToTrain = sideOf(log.rankingExamples, servedAt, false);
  const mostImpressions = mostImpressionsOfEachUser(rankingToTrain);
  const rankingHeldOut = sideOf(log.rankingExamples, servedAt, true);
  return {
    ...moment,
    endMs,
    evaluatedToMs: rankingHeldOut.reduce((newest, { servedAtMs }) => Math.max(newest, servedAtMs), -Infinity),
    candidateTraining: newestOfEachUser(candidatesToTrain, most, labelAt),
    candidateHeldOut: firstOfEachUser(sideOf(log.candidateExamples, labelAt, true)),
    candidateThrough: newestOfEachUser(log.candidateExamples, most, labelAt).map(noLaterThan(endMs)),
    rankingTraining: newestOfEachUser(rankingToTrain, mostImpressions, servedAt),
    rankingHeldOut,
    rankingThrough: newestOfEachUser(log.rankingExamples, mostImpressions, servedAt),
  };
}

/** What a side of the split lacks, in words; undefined if it can be used. @param pages those held out */
function lackOf(split: TimeSplit, pages: readonly Page[]): string | undefined {
  const has = (examples: readonly RankingExample[], clicked: boolean) =>
    examples.some((example) => example.clicked === clicked);
  if (split.candidateTraining.length === 0) return 'no completed watch to train on';
  if (split.candidateHeldOut.length === 0) return 'no completed watch to evaluate on';
  const evaluated = evaluatedWatches(split);
  if (evaluated.length > 0 && evaluated.every(isRewatch))
    return 'no completed watch to evaluate on but of what its user had just watched';
  if (new Set(split.candidateTraining.map((example) => example.userId)).size < 2)
    return 'watches of fewer than two users';
  if (new Set(split.candidateTraining.map((example) => example.labelVideoId)).size < 2) {
    return 'watches of fewer than two videos';
  }
  for (const [examples, when] of [
    [split.rankingTraining, 'to train on'],
    [split.rankingHeldOut, 'to evaluate on'],
  ] as const) {
    if (!has(examples, true)) return `no impression followed by a watch ${when}`;
    if (!has(examples, false)) return `no impression without a watch ${when}`;
  }
  if (evaluated.length === 0) return 'no completed watch to evaluate on before the last impression';
  // As where every list shows one video: there is no order to be right or wrong about.
  if (pages.length === 0) return noPageMessage('the held-out part');
  return undefined;
}

/** Whether the gate can say something of so much: it counts users who have a page, as their loss does. @param pages those held out */
function tells(split: TimeSplit, pages: readonly Page[]): boolean {
  const { userCount, queryCount } = askableCounts(evaluatedWatches(split));
  const { users, rows } = MINIMUM_SAMPLE;
  const readerCount = new Set(pages.map(({ userId }) => userId)).size;
  return Math.min(userCount, readerCount) >= users && Math.min(queryCount, pages.length) >= rows;
}

interface JudgedSplit {
  readonly split: TimeSplit;
  readonly lack: string | undefined;
  readonly tells: boolean;
}

function judge(split: TimeSplit): JudgedSplit {
  const pages = pagesOf(split.rankingHeldOut);
  return { split, lack: lackOf(split, pages), tells: tells(split, pages) };
}

/** Days that may be held out at most: a fifth of the time, and of either kind of examples, for in a log that grew a fifth of the time is most of it. */
function mostDaysOf(log: ReplayedLog, { fromMs, toMs }: LogSpan): number {
  const lastOfTraining = (timesMs: Float64Array) =>
    timesMs.sort()[Math.ceil((1 - HELD_OUT_SHARE) * timesMs.length) - 1];
  const trainedToMs = Math.max(lastOfTraining(labelTimes(log)), lastOfTraining(servedTimes(log)));
  let days = Math.floor((HELD_OUT_SHARE * (toMs - fromMs)) / DAY_MS);
  while (days > 0 && splitMoment(fromMs, toMs, days).evaluatedFromMs <= trainedToMs) days -= 1;
  return days;
}

/**
 * Cuts the examples by time: labels before the moment train, labels from it on evaluate. An impression belongs to the
 * time it was served. Of each side a user's share is bounded by itself, so that held-out watches push none out that train.
 *
 * Where the days asked for hold too few users, queries or pages to tell, twice as many days are held out until they do not, as far as
 * that is a fifth of the time and of the examples. Where these cannot tell either, nothing is given up for it: it stays at the fewest that
 * can be measured at all.
 *
 * @throws NothingToTrainError where no rule leaves enough on both sides
 */
export function splitByTime(log: ReplayedLog, evaluationDays: number): TimeSplit {
  if (log.candidateExamples.length === 0) throw new NothingToTrainError('the archive holds no completed watch');
  if (log.rankingExamples.length === 0) throw new NothingToTrainError('the archive holds no settled impression');
  // Impressions younger than the join window have no label yet: the days to hold out end where labels do.
  const settledToMs = log.rankingExamples.reduce((latest, { servedAtMs }) => Math.max(latest, servedAtMs), -Infinity);
  const { fromMs, toMs: endMs } = spanOfLog(timesOf(log));
  const span = { fromMs, toMs: Math.min(settledToMs, endMs) };
  const ofDays = (days: number) => judge(cut(log, splitMoment(span.fromMs, span.toMs, days), endMs));
  let found = ofDays(evaluationDays);
  const mostDays = found.tells ? 0 : mostDaysOf(log, span);
  for (let days = 2 * evaluationDays; !found.tells && days < 2 * mostDays; days *= 2) {
    const longer = ofDays(Math.min(days, mostDays));
    if (longer.lack === undefined && (longer.tells || found.lack !== undefined)) found = longer;
  }
  if (found.lack === undefined) return found.split;
  const byExamples = judge(cut(log, quantileMoment(log), endMs));
  if (byExamples.lack !== undefined) throw new NothingToTrainError(byExamples.lack);
  return byExamples.split;
}

export const splitStage = (evaluationDays: number) =>
  defineStage({
    name: 'split by time',
    needs: ['replayed'],
    gives: ['split'],
    async run({ replayed }, { note }) {
      const split = splitByTime(replayed, evaluationDays);
      note({
        rule: split.rule,
        evaluatedFrom: new Date(split.evaluatedFromMs).toISOString(),
        candidateTraining: split.candidateTraining.length,
        candidateHeldOut: split.candidateHeldOut.length,
        rankingTraining: split.rankingTraining.length,
        rankingHeldOut: split.rankingHeldOut.length,
      });
      return { split };
    },
  });
