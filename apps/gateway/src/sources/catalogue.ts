/** The catalogue as the topic `catalog` tells it, held in memory: what a video is, whether it is withdrawn, what is new. */
import type { Event } from '@watchnext/contract';
import { type CatalogueVideo, untitledVideo, VideoTable } from '@watchnext/features';

/** How many of the newest videos are kept in order; a source takes far fewer. */
const NEWEST_CAPACITY = 2_000;

export class Catalogue {
  private readonly videos = new VideoTable();
  /** Videos with a known upload time that are not withdrawn, newest first. */
  private newestFirst: CatalogueVideo[] = [];
  /** Older videos were left out of `newestFirst`. */
  private truncated = false;

  constructor(private readonly newestCapacity = NEWEST_CAPACITY) {}

  get size(): number {
    return this.videos.size;
  }

  get(videoId: string): CatalogueVideo | undefined {
    return this.videos.get(videoId);
  }

  /** Folds in one event; bodies other than the catalogue's are ignored. The last event of a video wins. */
  apply(event: Event): void {
    if (event.body?.$case === 'videoUpserted') {
      const { videoId, title, thumbnailUrl, video, availability } = event.body.value;
      this.put({ ...untitledVideo(videoId, video), title, thumbnailUrl, availability });
    } else if (event.body?.$case === 'videoWithdrawn') {
      const { videoId } = event.body.value;
      this.put({ ...(this.videos.get(videoId) ?? untitledVideo(videoId)), withdrawn: true });
    }
  }

  /** The newest videos uploaded up to `nowMs`, newest first. */
  newest(limit: number, nowMs: number): CatalogueVideo[] {
    const found: CatalogueVideo[] = [];
    for (const video of this.newestFirst) {
      if (found.length === limit) break;
      if (video.facts.uploadedAtMs <= nowMs) found.push(video);
    }
    return found;
  }

  private put(video: CatalogueVideo): void {
    const before = this.videos.get(video.videoId);
    this.videos.set(video);
    if (before) this.removeFromNewest(before);
    if (!video.withdrawn && video.facts.uploadedAtMs > 0) this.insertIntoNewest(video);
    if (this.truncated && this.newestFirst.length < this.newestCapacity / 2) this.rebuildNewest();
  }

  private insertIntoNewest(video: CatalogueVideo): void {
    const place = lowerBound(this.newestFirst, video);
    if (place === this.newestCapacity) {
      this.truncated = true;
      return;
    }
    // Past a truncated end there may be videos that are newer than this one: only a rebuild knows.
    if (this.truncated && place === this.newestFirst.length) return;
    this.newestFirst.splice(place, 0, video);
    if (this.newestFirst.length > this.newestCapacity) {
      this.newestFirst.pop();
      this.truncated = true;
    }
  }

  private removeFromNewest(video: CatalogueVideo): void {
    const place = lowerBound(this.newestFirst, video);
    if (this.newestFirst[place]?.videoId === video.videoId) this.newestFirst.splice(place, 1);
  }

  private rebuildNewest(): void {
    const eligible = [...this.videos].filter(({ withdrawn, facts }) => !withdrawn && facts.uploadedAtMs > 0);
    eligible.sort(newerFirst);
    this.truncated = eligible.length > this.newestCapacity;
    this.newestFirst = eligible.slice(0, this.newestCapacity);
  }
}

function newerFirst(a: CatalogueVideo, b: CatalogueVideo): number {
  return b.facts.uploadedAtMs - a.facts.uploadedAtMs || (a.videoId < b.videoId ? -1 : a.videoId > b.videoId ? 1 : 0);
}

function lowerBound(sorted: readonly CatalogueVideo[], video: CatalogueVideo): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (newerFirst(sorted[middle]!, video) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
