import {
  comparePaired,
  COUNTING_SCORERS,
  countedImpression,
  countingScores,
  ITEM_SCORERS,
  itemMeanSeconds,
  type MetricRow,
  metricValue,
  pagesOf,
  watchTimeMae,
  weightedPerUserLoss,
} from '@watchnext/evaluation';
import { predictImpressions, scoreImpressions } from '@watchnext/offline';
import { meanSeconds } from '../evaluation/mean-seconds';
import { defineStage } from '../pipeline/stage';

export const RANKING_LOSS = 'ranking.weighted_per_user_loss';
export const RANKING_PAGES = 'ranking.pages';
const MAE = 'ranking.watch_time_mae_seconds';

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
      const heldOut = split.rankingHeldOut;
      const statistics = replayed.statistics.asOf(split.evaluatedFromMs);
      const scores = await scoreImpressions(rankingModel, heldOut, statistics, signal, (done) =>
        progress.report(done, 2 * heldOut.length),
      );
      const { expectedWatchSeconds: secondsWhereShown } = await predictImpressions(rankingModel, heldOut, {
        statisticsAt: () => statistics,
        position: 'logged',
        signal,
        onProgress: (done) => progress.report(heldOut.length + done, 2 * heldOut.length),
      });
      const impressions = heldOut.map(countedImpression);
      const pages = pagesOf(impressions);
      const measured = (name: string, scorer: string, ratio: ReturnType<typeof weightedPerUserLoss>): MetricRow => ({
        name,
        scorer,
        value: ratio.value(),
        interval: ratio.interval(random.fork('bootstrap')),
      });
      const training = split.rankingTraining.map(countedImpression);
      const counted = countingScores(training, impressions);
      const loss = weightedPerUserLoss(impressions, pages, scores);
      const lossOf = (scorer: (typeof COUNTING_SCORERS)[number]) =>
        weightedPerUserLoss(impressions, pages, counted[scorer]);
      const losses = [
        measured(RANKING_LOSS, 'model', loss),
        ...COUNTING_SCORERS.map((scorer) => measured(RANKING_LOSS, scorer, lossOf(scorer))),
      ];
      const floors = ITEM_SCORERS.map((scorer) => ({ scorer, loss: metricValue(losses, RANKING_LOSS, scorer) }));
      const floor = floors.reduce((least, one) => (one.loss < least.loss ? one : least));
      const seconds = meanSeconds(rankingModel, heldOut, secondsWhereShown);
      const clickedCount = impressions.reduce((count, { clicked }) => count + (clicked ? 1 : 0), 0);
      note({ impressions: impressions.length, clicked: clickedCount, pages: pages.length });
      return {
        rankingEvaluation: {
          metrics: [
            ...losses,
            measured(MAE, 'model', watchTimeMae(impressions, secondsWhereShown)),
            measured(
              MAE,
              'item expected watch time',
              watchTimeMae(impressions, itemMeanSeconds(training, impressions)),
            ),
            { name: 'ranking.mean_watch_seconds', scorer: 'actual', value: seconds.actual },
            { name: 'ranking.mean_watch_seconds', scorer: 'model', value: seconds.expected },
            { name: RANKING_PAGES, scorer: 'model', value: pages.length },
          ],
          loss,
          pageCount: pages.length,
          floorLoss: floor.loss,
          gain: {
            interval: comparePaired(lossOf(floor.scorer), loss, random.fork('gain')).interval,
            userCount: loss.userCount,
            rowCount: pages.length,
          },
        },
      };
    },
  });
