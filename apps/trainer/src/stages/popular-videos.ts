/** Which videos anybody may be shown: those that are watched longest where they are shown, of all viewers and by country. */
import { LOSS_WATCH_CAP_SECONDS, PopularityCounts } from '@watchnext/evaluation';
import { DAY_MS, DRAWN } from '@watchnext/features';
import type { ReplayedLog } from '../pipeline/run-state';

/** An impression counts half after this long: of now, yet of enough days that a video was shown often. */
const IMPRESSION_HALF_LIFE_MS = 7 * DAY_MS;
/** A completed watch counts half after this long, where watches are all that is known. */
const WATCH_HALF_LIFE_MS = 3 * DAY_MS;
/** Impressions of average worth that each video is taken to have had besides its own. */
const PRIOR_IMPRESSIONS = 10;
/** Of fewer impressions, as they count, an order by watch time would be chance. */
const LEAST_IMPRESSIONS = 1_000;

export interface RatedVideo {
  readonly videoId: string;
  /** In (0, 1]: a share of the first one's. */
  readonly score: number;
}

export interface PopularVideos {
  readonly everywhere: readonly RatedVideo[];
  /** By the country of the request; of countries that were shown enough. */
  readonly byCountry: Readonly<Record<string, readonly RatedVideo[]>>;
}

/**
 * Best first. A video's worth is the watch seconds of an impression of it, drawn to the mean of all: of two videos that are
 * watched alike often the one that more was shown for it is worth less, and one that is clicked on and left is worth nothing.
 * What was shown in a country tells also what is understood there. A list goes on with the videos that are completed most,
 * and a country's with those of everywhere; a log of watches alone, whose lists were drawn for training, has only the former.
 *
 * @param nowMs the end of the log; what is later are strays
 * @param isListed whether a video may be in a list
 * @param lengths of the lists, at most
 */
export function popularVideos(
  { rankingExamples, completedWatches }: Pick<ReplayedLog, 'rankingExamples' | 'completedWatches'>,
  nowMs: number,
  isListed: (videoId: string) => boolean,
  lengths: { readonly everywhere: number; readonly country: number },
): PopularVideos {
  const completed = new PopularityCounts({ nowMs, halfLifeMs: WATCH_HALF_LIFE_MS });
  for (const { videoId, atMs } of completedWatches) if (atMs <= nowMs) completed.add(videoId, atMs);
  const everywhere = new WatchTimes();
  const countries = new Map<string, WatchTimes>();
  for (const { servedAtMs, user, video, watchSeconds } of rankingExamples) {
    if (servedAtMs > nowMs || user.surface === DRAWN) continue;
    const weight = 2 ** ((servedAtMs - nowMs) / IMPRESSION_HALF_LIFE_MS);
    const seconds = Math.min(watchSeconds, LOSS_WATCH_CAP_SECONDS);
    everywhere.add(video.videoId, seconds, weight);
    if (user.country === '') continue;
    let there = countries.get(user.country);
    if (!there) countries.set(user.country, (there = new WatchTimes()));
    there.add(video.videoId, seconds, weight);
  }
  const ofAll = joined([everywhere.ranked(), completed.ranked()], isListed, lengths.everywhere);
  const byCountry: Record<string, readonly RatedVideo[]> = {};
  for (const [country, times] of [...countries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const own = times.ranked();
    if (own.length > 0) byCountry[country] = joined([own, ofAll], isListed, lengths.country);
  }
  return { everywhere: ofAll, byCountry };
}

/** Watch seconds of impressions, by video. */
class WatchTimes {
  private readonly videos = new Map<string, { impressionCount: number; watchSeconds: number }>();
  private readonly all = { impressionCount: 0, watchSeconds: 0 };

  add(videoId: string, watchSeconds: number, weight: number): void {
    let counts = this.videos.get(videoId);
    if (!counts) this.videos.set(videoId, (counts = { impressionCount: 0, watchSeconds: 0 }));
    for (const sum of [counts, this.all]) {
      sum.impressionCount += weight;
      sum.watchSeconds += weight * watchSeconds;
    }
  }

  /** By expected watch seconds of an impression; ties by id, so that equal logs give equal lists. Empty where they are too few. */
  ranked(): RatedVideo[] {
    const { all } = this;
    if (all.impressionCount < LEAST_IMPRESSIONS) return [];
    const mean = all.watchSeconds / all.impressionCount;
    return [...this.videos]
      .map(([videoId, { impressionCount, watchSeconds }]) => ({
        videoId,
        score: (watchSeconds + PRIOR_IMPRESSIONS * mean) / (impressionCount + PRIOR_IMPRESSIONS),
      }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || (a.videoId < b.videoId ? -1 : 1));
  }
}

/** One list out of several, each video once; where one ends the next goes on from its last score. */
function joined(
  parts: readonly (readonly RatedVideo[])[],
  isListed: (videoId: string) => boolean,
  length: number,
): RatedVideo[] {
  const list = new Map<string, number>();
  let top = 1;
  for (const part of parts) {
    const left = part.filter(({ videoId }) => !list.has(videoId) && isListed(videoId));
    const first = left[0]?.score ?? 1;
    let last = top;
    for (const { videoId, score } of left.slice(0, length - list.size)) {
      last = (top * score) / first;
      list.set(videoId, last);
    }
    top = last;
  }
  return [...list].map(([videoId, score]) => ({ videoId, score }));
}
