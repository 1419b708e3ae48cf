/** A log of ranked pages for the specs: ten days, ten videos, of which the higher ones are clicked and watched more. */
import { DAY_MS, type RankingExample, StatisticsTimeline } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import type { ReplayedLog } from '@watchnext/offline';
import { rankingExampleOf } from '@watchnext/testing';
import type { Progress } from '../src/progress';

export const FIRST_DAY_MS = Date.UTC(2026, 4, 4);
export const silent: Progress = {
  start: () => ({ update: () => undefined, note: () => undefined, finish: () => undefined, abandon: () => undefined }),
  say: () => undefined,
  warn: () => undefined,
};

/** Ten days of pages of four videos; of ten videos the higher ones are clicked and watched more. */
export function world(countedAlso: (statistics: StatisticsTimeline) => void = () => undefined): ReplayedLog {
  const random = createRandom(2);
  const statistics = new StatisticsTimeline();
  const rankingExamples: RankingExample[] = [];
  for (let page = 0; page < 400; page++) {
    const servedAtMs = FIRST_DAY_MS + Math.floor(page / 40) * DAY_MS + (page % 40) * 60_000;
    for (let position = 0; position < 4; position++) {
      const video = random.nextInt(10);
      const clicked = random.next() < 0.1 + 0.07 * video;
      const watchSeconds = clicked ? 5 + 5 * video : 0;
      const shown = { videoId: `video-${video}`, channelId: 'c', topics: [] };
      statistics.addImpression(servedAtMs, { ...shown, surface: 'home', country: '' }, clicked, watchSeconds);
      const example = rankingExampleOf({
        userId: `user-${page % 50}`,
        requestId: `r${page}`,
        pageId: `p${page}`,
        impressionId: `i${page}-${position}`,
        servedAtMs,
        position,
        videoId: shown.videoId,
        clicked,
        watchSeconds,
      });
      rankingExamples.push(example);
    }
  }
  countedAlso(statistics);
  const facts = { channelId: 'c', topics: [], durationSeconds: 60, uploadedAtMs: FIRST_DAY_MS - DAY_MS };
  return {
    candidateExamples: [],
    rankingExamples,
    completedWatches: [],
    statistics,
    facts: new Map(Array.from({ length: 10 }, (_, video) => [`video-${video}`, facts])),
    recordCount: 400,
    userCount: 50,
    fromMs: FIRST_DAY_MS,
    toMs: FIRST_DAY_MS + 10 * DAY_MS,
  };
}
