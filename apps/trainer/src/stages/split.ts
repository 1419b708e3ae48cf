import { endOfLog, LEAST_TELLING, noPageMessage, pagesOf, type SplitMoment, splitMoment } from '@watchnext/evaluation';
import { type CandidateExample, DAY_MS, type RankingExample } from '@watchnext/features';
import { NothingToTrainError } from '../errors';
import { askable, evaluatedWatches, isRewatch } from '../evaluation/held-out-queries';
import { defineStage } from '../pipeline/stage';
import type { ReplayedLog, TimeSplit } from '../pipeline/run-state';
import { firstOfEachUser, mostImpressionsOfEachUser, mostOfEachUser, newestOfEachUser } from './of-each-user';

/** Share of the examples that is held out where neither days nor time separate them, and of the time where days are too few. */
const HELD_OUT_SHARE = 0.2;

function timesOf(log: ReplayedLog): Float64Array {
  return Float64Array.from([
    ...log.candidateExamples.map((example) => example.labelAtMs),
    ...log.rankingExamples.map((example) => example.servedAtMs),
  ]);
}

/** The moment that a fifth of the examples lies after: for logs that neither days nor a share of their time divide. */
function quantileMoment(log: ReplayedLog): SplitMoment {
  const times = timesOf(log).sort();
  return { evaluatedFromMs: times[Math.floor((1 - HELD_OUT_SHARE) * times.length)], rule: 'last 20% of the examples' };
}

/** @param endMs what is later is a stray, and held out as little as trained on */
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
    evaluatedToMs: rankingHeldOut.reduce((newest, { servedAtMs }) => Math.max(newest, servedAtMs), -Infinity),
    candidateTraining: newestOfEachUser(candidatesToTrain, most, labelAt),
    candidateHeldOut: firstOfEachUser(sideOf(log.candidateExamples, labelAt, true)),
    candidateThrough: newestOfEachUser(log.candidateExamples, most, labelAt),
    rankingTraining: newestOfEachUser(rankingToTrain, mostImpressions, servedAt),
    rankingHeldOut,
    rankingThrough: newestOfEachUser(log.rankingExamples, mostImpressions, servedAt),
  };
}

/** What a side of the split lacks, in words; undefined if it can be used. */
function lackOf(split: TimeSplit): string | undefined {
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
  if (pagesOf(split.rankingHeldOut).length === 0) return noPageMessage('the held-out part');
  return undefined;
}

/** Whether the gate can say something of so much. */
function tells(split: TimeSplit): boolean {
  const { userCount, queryCount } = askable(evaluatedWatches(split));
  const { users, rows } = LEAST_TELLING;
  const pages = pagesOf(split.rankingHeldOut);
  const readers = new Set(split.rankingHeldOut.map(({ userId }) => userId)).size;
  return Math.min(userCount, readers) >= users && Math.min(queryCount, pages.length) >= rows;
}

/**
 * Cuts the examples by time: labels before the moment train, labels from it on evaluate. An impression belongs to the
 * time it was served. Of each side a user's share is bounded by itself, so that held-out watches push none out that train.
 *
 * Where the days asked for hold too few users, queries or pages to tell, twice as many days are held out until they do not, as far as
 * that is a fifth of the time.
 *
 * @throws NothingToTrainError where no rule leaves enough on both sides
 */
export function splitByTime(log: ReplayedLog, evaluationDays: number): TimeSplit {
  if (log.candidateExamples.length === 0) throw new NothingToTrainError('the archive holds no completed watch');
  if (log.rankingExamples.length === 0) throw new NothingToTrainError('the archive holds no settled impression');
  // Impressions younger than the join window have no label yet: the days to hold out end where labels do.
  const settledToMs = log.rankingExamples.reduce((latest, { servedAtMs }) => Math.max(latest, servedAtMs), -Infinity);
  const newestMs = Math.min(log.toMs, settledToMs);
  const endMs = endOfLog(timesOf(log));
  const toMs = Math.min(newestMs, endMs);
  let split = cut(log, splitMoment(log.fromMs, toMs, evaluationDays), endMs);
  const mostDays = Math.floor((HELD_OUT_SHARE * (toMs - log.fromMs)) / DAY_MS);
  for (let days = 2 * evaluationDays; !tells(split) && days < 2 * mostDays; days *= 2) {
    const longer = cut(log, splitMoment(log.fromMs, toMs, Math.min(days, mostDays)), endMs);
    if (!lackOf(longer)) split = longer;
  }
  if (!lackOf(split)) return split;
  const byExamples = cut(log, quantileMoment(log), endMs);
  const lack = lackOf(byExamples);
  if (lack) throw new NothingToTrainError(lack);
  return byExamples;
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
