import type { VideoFacts } from '@watchnext/contract';
import { PopularityCounts } from '@watchnext/evaluation';
import { DAY_MS } from '@watchnext/features';
import type { Catalogue, ReplayedLog } from '../pipeline/run-state';

/** Enough for every page of a viewer who has seen much of it. */
const LIST_LENGTH = 500;
/** A watch counts half after this long: popular now, yet not only of today. */
const POPULAR_HALF_LIFE_MS = 3 * DAY_MS;
/** A fresh video's score halves in this long. */
const FRESH_HALF_LIFE_MS = 7 * DAY_MS;

/** A video of a list that needs no model. The score is in (0, 1], so that ranking may learn from it across snapshots. */
export interface ListedVideo {
  readonly videoId: string;
  readonly score: number;
  readonly video: VideoFacts;
}

export interface VideoLists {
  readonly popular: readonly ListedVideo[];
  readonly fresh: readonly ListedVideo[];
}

/**
 * The two lists that a snapshot carries, best first, withdrawn videos left out. popular: completed watches, halved every
 * three days of age, as a share of the first one's. fresh: the newest uploads, halved every seven days of age.
 *
 * @param nowMs the end of the log. Watches after it are strays: of them nobody knows whether they are of now
 */
export function videoLists(replayed: ReplayedLog, catalogue: Catalogue, nowMs: number): VideoLists {
  const counts = new PopularityCounts({ nowMs, halfLifeMs: POPULAR_HALF_LIFE_MS });
  for (const { videoId, atMs } of replayed.completedWatches) {
    if (atMs <= nowMs) counts.add(videoId, atMs);
  }
  const listed = (videoId: string, score: number): ListedVideo[] => {
    const video = replayed.facts.get(videoId);
    return video && !catalogue.withdrawn.has(videoId) ? [{ videoId, score, video }] : [];
  };
  const ranked = counts
    .ranked()
    .flatMap(({ videoId, score }) => listed(videoId, score))
    .slice(0, LIST_LENGTH);
  const most = ranked[0]?.score ?? 1;
  const fresh = [...replayed.facts]
    .filter(([, { uploadedAtMs }]) => uploadedAtMs > 0 && uploadedAtMs <= nowMs)
    .flatMap(([videoId, { uploadedAtMs }]) => listed(videoId, 2 ** ((uploadedAtMs - nowMs) / FRESH_HALF_LIFE_MS)))
    .sort((a, b) => b.video.uploadedAtMs - a.video.uploadedAtMs || (a.videoId < b.videoId ? -1 : 1))
    .slice(0, LIST_LENGTH);
  return { popular: ranked.map((entry) => ({ ...entry, score: entry.score / most })), fresh };
}
