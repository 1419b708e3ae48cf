/** Figures of one scorer. */
import {
  clickAuc,
  clickAucInterval,
  comparePaired,
  type CountedImpression,
  groupedClickAuc,
  type IndexSource,
  type Interval,
  type Page,
  type UserRatio,
  watchTimeMae,
  watchTimeSquaredError,
  weightedPerUserLoss,
} from '@watchnext/evaluation';
import { createRandom } from '@watchnext/learning';
import type { MeasuredValue, RankingScorerReport } from './report';
import type { Scorer } from './scorers';

/** A peer may have scored a part only. */
function ofScored(impressions: readonly CountedImpression[], scores: Float64Array) {
  if (!scores.some(Number.isNaN)) return { impressions, scores };
  return {
    impressions: impressions.filter((_, index) => !Number.isNaN(scores[index])),
    scores: scores.filter((score) => !Number.isNaN(score)),
  };
}

/** Figures of one scorer, and how it compares with the best that counting does and with the peer. */
export function describing(
  scorers: readonly Scorer[],
  impressions: readonly CountedImpression[],
  pages: readonly Page[],
  random: IndexSource,
  peerPages: readonly Page[],
): (scorer: Scorer) => RankingScorerReport {
  const lossOf = ({ scores }: Scorer, among = pages) => weightedPerUserLoss(impressions, among, scores);
  const floors = scorers.filter(({ kind }) => kind === 'baseline');
  const floor = floors.reduce((best, one) => (lossOf(one).value() < lossOf(best).value() ? one : best));
  const peerScorer = scorers.find(({ kind }) => kind === 'peer');
  return (scorer) => {
    const among = scorer.kind === 'peer' ? peerPages : pages;
    const loss = lossOf(scorer, among);
    const scored = ofScored(impressions, scorer.scores);
    const measured = (ratio: UserRatio): MeasuredValue => {
      const { low, high } = ratio.interval(scorer.random ?? random);
      return { value: ratio.value(), interval95: [low, high] };
    };
    const against = (other: Scorer, pagesOfBoth: readonly Page[]) => {
      const { difference, interval } = comparePaired(lossOf(scorer, pagesOfBoth), lossOf(other, pagesOfBoth), random);
      return { scorer: other.name, difference, interval95: [interval.low, interval.high] as const };
    };
    const { name, kind, orders, seed, config, seconds, trainingSeconds, lossCurve } = scorer;
    return {
      name,
      kind,
      orders,
      ...(seed === undefined ? {} : { seed }),
      weightedPerUserLoss: measured(loss),
      clickAuc: clickAuc(scored.impressions, scored.scores),
      clickAucInterval95: ends(clickAucInterval(scored.impressions, scored.scores, createRandom(1).fork('AUC'))),
      groupedClickAuc: measured(groupedClickAuc(scored.impressions, scored.scores)),
      ...(seconds
        ? {
            watchTimeMaeSeconds: measured(watchTimeMae(impressions, seconds)),
            ...rootMeanSquare(watchTimeSquaredError(impressions, seconds)),
          }
        : {}),
      ...(kind === 'baseline' ? {} : { againstFloor: against(floor, among) }),
      ...(peerScorer && kind === 'model'
        ? {
            againstPeer: against(peerScorer, peerPages),
            timesPeer: measured(lossOf(scorer, peerPages).over(lossOf(peerScorer, peerPages))),
          }
        : {}),
      ...(config ? { config } : {}),
      ...(trainingSeconds === undefined ? {} : { trainingSeconds }),
      ...(lossCurve ? { lossCurve } : {}),
    };
  };
}

const ends = ({ low, high }: Interval): readonly [number, number] => [low, high];

/** The root keeps the order of what is resampled, so it is the root of the ends. */
function rootMeanSquare(squaredError: UserRatio) {
  const { low, high } = squaredError.interval(createRandom(1).fork('RMSE'));
  return {
    watchTimeRmseSeconds: Math.sqrt(squaredError.value()),
    watchTimeRmseInterval95: ends({ low: Math.sqrt(low), high: Math.sqrt(high) }),
  };
}
