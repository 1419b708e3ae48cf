/**
 * Counts of each video by day. Statistics as of a moment hold whole UTC days only, those before the moment's own:
 * the same grain at which a nightly snapshot carries them, so training sees them as old as serving does.
 */
import { DAY_IN_MS } from './limits';
import type { VideoStatistics } from './types';

type Counts = { -readonly [Name in keyof VideoStatistics]: VideoStatistics[Name] };

interface VideoDays {
  readonly byDay: Map<number, Counts>;
  /** Days ascending, with the counts of each day and all before it; undefined while `byDay` is ahead of it. */
  sums: { readonly days: readonly number[]; readonly upTo: readonly VideoStatistics[] } | undefined;
}

/**
 * Collects impressions and watches in any order, then answers for any moment in O(log days). Additions after a
 * question are fine; the video's sums are then made anew.
 */
export class VideoStatisticsTimeline {
  private readonly videos = new Map<string, VideoDays>();

  /** @param watchSeconds what followed from the impression; 0 when not clicked */
  addImpression(servedAtMs: number, videoId: string, clicked: boolean, watchSeconds: number): void {
    const counts = this.countsOf(videoId, servedAtMs);
    counts.impressionCount++;
    if (!clicked) return;
    counts.clickCount++;
    counts.clickWatchSeconds += watchSeconds;
  }

  /** One playback, from wherever it came. */
  addWatch(atMs: number, videoId: string): void {
    this.countsOf(videoId, atMs).watchCount++;
  }

  /** All whole UTC days before the day of `atMs`; undefined when the video has none. */
  asOf(videoId: string, atMs: number): VideoStatistics | undefined {
    const video = this.videos.get(videoId);
    if (video === undefined) return undefined;
    const { days, upTo } = sumsOf(video);
    const today = dayOf(atMs);
    let low = 0;
    let high = days.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (days[middle] < today) low = middle + 1;
      else high = middle;
    }
    return upTo[low - 1];
  }

  /** Everything, the last day too: what travels in a snapshot. */
  final(): Map<string, VideoStatistics> {
    const totals = new Map<string, VideoStatistics>();
    for (const [videoId, video] of this.videos) {
      const { upTo } = sumsOf(video);
      totals.set(videoId, upTo[upTo.length - 1]);
    }
    return totals;
  }

  private countsOf(videoId: string, atMs: number): Counts {
    let video = this.videos.get(videoId);
    if (video === undefined) this.videos.set(videoId, (video = { byDay: new Map(), sums: undefined }));
    video.sums = undefined;
    const day = dayOf(atMs);
    let counts = video.byDay.get(day);
    if (counts === undefined) video.byDay.set(day, (counts = noCounts()));
    return counts;
  }
}

function sumsOf(video: VideoDays) {
  if (video.sums !== undefined) return video.sums;
  const days = [...video.byDay.keys()].sort((left, right) => left - right);
  const upTo: VideoStatistics[] = [];
  let total: VideoStatistics = noCounts();
  for (const day of days) {
    const counts = video.byDay.get(day) ?? noCounts();
    total = {
      impressionCount: total.impressionCount + counts.impressionCount,
      clickCount: total.clickCount + counts.clickCount,
      clickWatchSeconds: total.clickWatchSeconds + counts.clickWatchSeconds,
      watchCount: total.watchCount + counts.watchCount,
    };
    upTo.push(total);
  }
  return (video.sums = { days, upTo });
}

function noCounts(): Counts {
  return { impressionCount: 0, clickCount: 0, clickWatchSeconds: 0, watchCount: 0 };
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_IN_MS);
}
