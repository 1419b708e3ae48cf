/** The catalogue as the topic `catalog` tells it, held in memory: what a video is, whether it is withdrawn, what is new. */
import type { Event } from '@watchnext/contract';
import { type CatalogueVideo, catalogueVideo, VideoTable, type VideoTexts } from '@watchnext/features';
import { type Clock, inTurns } from '@watchnext/waiting';
import { FirstOf } from './first-of';

/** How many of the newest videos are kept in order; a source takes far fewer. */
const NEWEST_CAPACITY = 2_000;

export class Catalogue {
  private readonly videos = new VideoTable();
  /** Videos with a known upload time that are not withdrawn, newest first. */
  private newestFirst: CatalogueVideo[] = [];
  /** Older videos were left out of `newestFirst`. */
  private truncated = false;
  private rebuilding: Promise<void> | undefined;
  /** Videos that were told of while `newestFirst` is made anew. */
  private readonly told = new Set<string>();

  /** @param clock milliseconds, for the turns that long work is done in */
  constructor(
    private readonly newestCapacity = NEWEST_CAPACITY,
    private readonly clock?: Clock,
  ) {}

  /** Fulfils when the order of the newest is whole again; until then the older ones of them may be missing. */
  async whole(): Promise<void> {
    while (this.rebuilding) await this.rebuilding;
  }

  get size(): number {
    return this.videos.size;
  }

  get(videoId: string): CatalogueVideo | undefined {
    return this.videos.get(videoId);
  }

  /** Empty for a video that it does not know. */
  textsOf(videoId: string): VideoTexts {
    return this.videos.textsOf(videoId);
  }

  /** Folds in one event; bodies other than the catalogue's are ignored. The last event of a video wins. */
  apply(event: Event): void {
    if (event.body?.$case === 'videoUpserted') {
      const { videoId, title, thumbnailUrl, video, availability } = event.body.value;
      this.put({ ...catalogueVideo(videoId, video), availability }, { title, thumbnailUrl });
    } else if (event.body?.$case === 'videoWithdrawn') {
      const { videoId } = event.body.value;
      this.put({ ...(this.videos.get(videoId) ?? catalogueVideo(videoId)), withdrawn: true });
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

  private put(video: CatalogueVideo, texts?: VideoTexts): void {
    const before = this.videos.get(video.videoId);
    this.videos.set(video, texts);
    if (before) this.removeFromNewest(before);
    if (isEligible(video)) this.insertIntoNewest(video);
    if (this.rebuilding) this.told.add(video.videoId);
    else this.rebuildIfShort();
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

  private rebuildIfShort(): void {
    if (!this.truncated || this.newestFirst.length >= this.newestCapacity / 2) return;
    this.rebuilding = this.rebuildNewest();
  }

  /** What is told meanwhile goes into the order as it is, which is right as far as it goes, and into the new one at the end. */
  private async rebuildNewest(): Promise<void> {
    const newest = new FirstOf<CatalogueVideo>(this.newestCapacity, newerFirst);
    let truncated = false;
    const look = (video: CatalogueVideo) => {
      if (isEligible(video) && !newest.offer(video)) truncated = true;
    };
    await inTurns(this.videos, look, this.clock);
    this.truncated = truncated;
    this.newestFirst = newest.sorted().filter(({ videoId }) => !this.told.has(videoId));
    for (const videoId of this.told) {
      const video = this.videos.get(videoId)!;
      if (isEligible(video)) this.insertIntoNewest(video);
    }
    this.told.clear();
    this.rebuilding = undefined;
    this.rebuildIfShort();
  }
}

const isEligible = ({ withdrawn, facts }: CatalogueVideo) => !withdrawn && facts.uploadedAtMs > 0;

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
