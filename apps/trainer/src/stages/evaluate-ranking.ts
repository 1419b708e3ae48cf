import {
  comparePaired,
  countedImpression,
  CountingBaselines,
  ITEM_SCORERS,
  metricValue,
  pagesOf,
} from '@watchnext/evaluation';
import type { RankingExample } from '@watchnext/features';
import { predictImpressions, scoreImpressions } from '@watchnext/offline';
import { breathe } from '@watchnext/waiting';
import { meanSeconds } from '../evaluation/mean-seconds';
import { measureRanking, METRIC_COUNT, RANKING_LOSS } from '../evaluation/measure-ranking';
import { defineStage, type StageTools } from '../pipeline/stage';

export const RANKING_PAGES = 'ranking.pages';

/** Steps of progress take about the time of predicting one held-out impression: counting so many that were trained on, */
const COUNTED_PER_STEP = 16;
/** and of a metric and its interval as many as this part of the held-out impressions. */
const HELD_OUT_PER_METRIC_STEP = 32;
const COUNTED_PER_BREATH = 2 ** 15;

/** Counts what ranking learned from: of a large log the longest part that is no prediction. @param onProgress rows done */
async function countTraining(
  training: readonly RankingExample[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<CountingBaselines> {
  const counts = new CountingBaselines();
  for (let from = 0; from < training.length; from += COUNTED_PER_BREATH) {
    onProgress(from);
    await breathe(signal);
    const end = Math.min(from + COUNTED_PER_BREATH, training.length);
    for (let row = from; row < end; row += 1) counts.add(countedImpression(training[row]));
  }
  return counts;
}

/** How far the parts of the stage are in all. */
function progressOfParts({ progress }: Pick<StageTools, 'progress'>, heldOutCount: number, trainingCount: number) {
  const countingFrom = 2 * heldOutCount;
  const metricsFrom = countingFrom + Math.ceil(trainingCount / COUNTED_PER_STEP);
  const ofMetric = Math.ceil(heldOutCount / HELD_OUT_PER_METRIC_STEP);
  const report = (done: number, detail: string) => progress.report(done, metricsFrom + METRIC_COUNT * ofMetric, detail);
  return {
    scored: (rows: number) => report(rows, 'scores'),
    expected: (rows: number) => report(heldOutCount + rows, 'expected seconds'),
    counted: (rows: number) => report(countingFrom + Math.floor(rows / COUNTED_PER_STEP), 'counting'),
    measured: (metrics: number, scorer: string) => report(metricsFrom + metrics * ofMetric, `metrics of ${scorer}`),
  };
}

/**
 * Measures ranking on the held-out impressions: weighted per-user loss by page and error of expected watch time, against
 * what counting achieves on the rows that ranking learned from, the newest of a heavy user. Lists are ordered by the score at the
 * first place, as served; seconds are what was expected of an impression where it was shown, and up to the model's cap. Statistics
 * are those of the whole days before the split; a snapshot of that moment lacks the newest hours of them, and what follows later
 * from those before (`DailyCounts`).
 */
export const evaluateRankingStage = () =>
  defineStage({
    name: 'evaluate ranking',
    needs: ['replayed', 'split', 'rankingModel'],
    gives: ['rankingEvaluation'],
    async run({ replayed, split, rankingModel }, { progress, random, signal, note }) {
      const { rankingHeldOut: heldOut, rankingTraining: training } = split;
      const parts = progressOfParts({ progress }, heldOut.length, training.length);
      const statistics = replayed.statistics.asOf(split.evaluatedFromMs);
      const scores = await scoreImpressions(rankingModel, heldOut, statistics, signal, parts.scored);
      const { expectedWatchSeconds: secondsWhereShown } = await predictImpressions(rankingModel, heldOut, {
        statisticsAt: () => statistics,
        position: 'logged',
        signal,
        onProgress: parts.expected,
      });
      const counts = await countTraining(training, signal, parts.counted);
      const impressions = heldOut.map(countedImpression);
      const pages = pagesOf(impressions);
      const { metrics, losses } = await measureRanking(
        { impressions, pages },
        {
          scores: { model: scores, ...counts.scores(impressions) },
          seconds: { model: secondsWhereShown, 'item expected watch time': counts.itemMeanSeconds(impressions) },
        },
        random,
        signal,
        parts.measured,
      );
      const loss = losses.get('model')!;
      const floors = ITEM_SCORERS.map((scorer) => ({ scorer, loss: metricValue(metrics, RANKING_LOSS, scorer) }));
      const floor = floors.reduce((least, one) => (one.loss < least.loss ? one : least));
      const seconds = meanSeconds(rankingModel, heldOut, secondsWhereShown);
      const clickedCount = impressions.reduce((count, { clicked }) => count + (clicked ? 1 : 0), 0);
      note({ impressions: impressions.length, clicked: clickedCount, pages: pages.length });
      return {
        rankingEvaluation: {
          metrics: [
            ...metrics,
            { name: 'ranking.mean_watch_seconds', scorer: 'actual', value: seconds.actual },
            { name: 'ranking.mean_watch_seconds', scorer: 'model', value: seconds.expected },
            { name: RANKING_PAGES, scorer: 'model', value: pages.length },
          ],
          loss,
          pageCount: pages.length,
          floorLoss: floor.loss,
          gain: {
            interval: comparePaired(losses.get(floor.scorer)!, loss, random.fork('gain')).interval,
            userCount: loss.userCount,
            rowCount: pages.length,
          },
        },
      };
    },
  });
