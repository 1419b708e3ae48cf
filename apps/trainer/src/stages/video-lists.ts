import type { VideoFacts } from '@watchnext/contract';
import { DAY_MS } from '@watchnext/features';
import type { Catalogue, ReplayedLog } from '../pipeline/run-state';
import { popularVideos, type RatedVideo } from './popular-videos';

/** Enough for every page of a viewer who has seen much of it. */
const LIST_LENGTH = 500;
/** Enough for most: gateways read the lists of all countries at once. */
const COUNTRY_LIST_LENGTH = 200;
/** A fresh video's score halves in this long. */
const FRESH_HALF_LIFE_MS = 7 * DAY_MS;

/** A video of a list that needs no model. The score is in (0, 1], so that ranking may learn from it across snapshots. */
export interface ListedVideo extends RatedVideo {
  readonly video: VideoFacts;
}

export interface VideoLists {
  readonly popular: readonly ListedVideo[];
  /** Without facts: a video may be in each of them. */
  readonly popularByCountry: Readonly<Record<string, readonly RatedVideo[]>>;
  readonly fresh: readonly ListedVideo[];
}

/**
 * The lists that a snapshot carries, best first, withdrawn videos left out. popular: see `popularVideos`. fresh: the newest
 * uploads, halved every seven days of age.
 *
 * @param nowMs the end of the log
 */
export function videoLists(replayed: ReplayedLog, catalogue: Catalogue, nowMs: number): VideoLists {
  const isListed = (videoId: string) => replayed.facts.has(videoId) && !catalogue.withdrawn.has(videoId);
  const { everywhere, byCountry } = popularVideos(replayed, nowMs, isListed, {
    everywhere: LIST_LENGTH,
    country: COUNTRY_LIST_LENGTH,
  });
  const fresh = [...replayed.facts]
    .filter(([videoId, { uploadedAtMs }]) => uploadedAtMs > 0 && uploadedAtMs <= nowMs && isListed(videoId))
    .map(([videoId, video]) => ({
      videoId,
      score: 2 ** ((video.uploadedAtMs - nowMs) / FRESH_HALF_LIFE_MS),
      video,
    }))
    .sort((a, b) => b.video.uploadedAtMs - a.video.uploadedAtMs || (a.videoId < b.videoId ? -1 : 1))
    .slice(0, LIST_LENGTH);
  return {
    popular: everywhere.map((rated) => ({ ...rated, video: replayed.facts.get(rated.videoId)! })),
    popularByCountry: byCountry,
    fresh,
  };
}
