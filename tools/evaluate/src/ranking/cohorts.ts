/** For whom, and of which videos, ranking orders how well. */
import {
  clickAuc,
  clickAucInterval,
  type Cohort,
  cohortLimits,
  type CohortLimits,
  cohortsOf,
  type CountedImpression,
  groupByCohort,
  type Page,
  weightedPerUserLoss,
} from '@watchnext/evaluation';
import type { VideoFacts } from '@watchnext/contract';
import { DAY_MS, type RankingExample } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import type { RankingCohort } from './report';

/** Held-out impressions, by index, and the limits that they were told apart by. */
export interface ImpressionCohorts {
  readonly limits: CohortLimits;
  readonly members: ReadonlyMap<Cohort, ReadonlySet<number>>;
}

/**
 * Users and videos go by their watched impressions in training, videos also by their age: since the upload, or since the first
 * impression in training where that is not known.
 */
export function cohortsOfImpressions(
  training: readonly RankingExample[],
  heldOut: readonly RankingExample[],
  facts: ReadonlyMap<string, VideoFacts>,
): ImpressionCohorts {
  const [users, videos, firstMs] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  for (const { userId, video, clicked, servedAtMs } of training) {
    const watched = clicked ? 1 : 0;
    users.set(userId, (users.get(userId) ?? 0) + watched);
    videos.set(video.videoId, (videos.get(video.videoId) ?? 0) + watched);
    firstMs.set(video.videoId, Math.min(firstMs.get(video.videoId) ?? Infinity, servedAtMs));
  }
  const limits = cohortLimits([...users.values()], [...videos.values()]);
  const groups = groupByCohort([...heldOut.keys()], (index) => {
    const { userId, servedAtMs, video } = heldOut[index];
    const bornMs = facts.get(video.videoId)?.uploadedAtMs || firstMs.get(video.videoId);
    return cohortsOf(
      {
        userWatchCount: users.get(userId) ?? 0,
        videoWatchCount: videos.get(video.videoId) ?? 0,
        videoAgeDays: bornMs === undefined ? undefined : (servedAtMs - bornMs) / DAY_MS,
      },
      limits,
    );
  });
  return { limits, members: new Map([...groups].map(([cohort, indices]) => [cohort, new Set(indices)])) };
}

/**
 * The order of each cohort's impressions among themselves: of a page with new and other videos, the new ones.
 *
 * @param among the pages that the scorer gave scores to
 * @param scores one for each impression; NaN where it has none, which then counts nowhere
 */
export function measureCohorts(
  { members }: ImpressionCohorts,
  impressions: readonly CountedImpression[],
  among: readonly Page[],
  scores: Float64Array,
): RankingCohort[] {
  // A stream of its own, so that intervals over all impressions are those of before there were cohorts.
  const random = createRandom(1).fork('cohorts');
  return [...members].map(([cohort, indices]) => {
    const pages = among.flatMap(({ userId, members: all }): Page[] => {
      const own = all.filter((index) => indices.has(index));
      const clicked = own.filter((index) => impressions[index].clicked).length;
      return clicked > 0 && clicked < own.length ? [{ userId, members: own }] : [];
    });
    const scored = [...indices].filter((index) => !Number.isNaN(scores[index]));
    const shown = scored.map((index) => impressions[index]);
    const itsScores = Float64Array.from(scored, (index) => scores[index]);
    const loss = weightedPerUserLoss(impressions, pages, scores);
    const interval = loss.interval(random);
    const area = clickAucInterval(shown, itsScores, random);
    return {
      cohort,
      impressions: shown.length,
      pagesWithPairs: pages.length,
      weightedPerUserLoss: { value: loss.value(), interval95: [interval.low, interval.high] },
      clickAuc: { value: clickAuc(shown, itsScores), interval95: [area.low, area.high] },
    };
  });
}
