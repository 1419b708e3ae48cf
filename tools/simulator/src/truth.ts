/**
 * How viewers take to videos: the truth that no recommender is told.
 *
 *   P(click | position p) = examination(p) · attraction,   E[watch seconds] = P(click) · duration · mean share watched
 *
 * Attraction and share are functions of the viewer, the video, the moment and what the viewer has met before, so each
 * expectation is exact, and a played page is a draw from it. Clicks on a page are independent given what came into
 * view, so the value of a list is the sum over its places, and sorting by value is the best list there is.
 */
import type { Random } from '@watchnext/learning';
import type { ViewerMemory } from './memory';
import type { Device } from './topics';
import { DAY_MS, STYLE_DIMENSIONS, type Video, type Viewer, type World } from './world';

/** Chance that a viewer who saw one place scrolls to the next: 52% get to the tenth. */
const SCROLL_ON = 0.93;
/** Attention given to what is in view falls too, so that a viewed impression is not quite an examined one. */
const ATTENTION_FALL = 0.03;

const BASE_LOG_ODDS = -2.7;
const TASTE_LOG_ODDS = 3.6;
/** A new upload draws more for its first days: popularity by age. */
const FRESHNESS_LOG_ODDS = 0.9;
const FRESHNESS_DAYS = 2;
const HOME_COUNTRY_LOG_ODDS = 0.35;
const STYLE_WEIGHT = 0.22;

/** On these viewer-days one topic is on the viewer's mind, and searches say which. */
const INTENT_SHARE = 0.35;
const INTENT_TASTE = 0.55;

const CLICKBAIT_WATCH_FACTOR = 0.15;
const SMALLEST_SHARE = 0.02;
const LARGEST_SHARE = 0.95;
/** Duration at which the share watched has fallen by √2, by device. */
const PATIENCE_SECONDS: Readonly<Record<Device, number>> = { phone: 500, desktop: 900, tv: 2_000 };

/** Each showing of a video makes the next less welcome; forgotten with the memory's half-life. */
const FATIGUE_FACTOR = 0.7;
const WATCHED_FACTOR = 0.08;

export interface PageOutcome {
  /** Places 0 to viewedCount − 1 came into view. */
  readonly viewedCount: number;
  readonly clicks: readonly { readonly position: number; readonly watchSeconds: number }[];
}

export class Truth {
  constructor(private readonly world: World) {}

  /** Chance that place `position` (0 first) comes into view. */
  viewProbability(position: number): number {
    return SCROLL_ON ** position;
  }

  /** Chance that a viewer considers what stands at `position`: in view and attended to. */
  examination(position: number): number {
    return this.viewProbability(position) * attention(position);
  }

  /** The topic on this viewer's mind on this UTC day, if any. */
  intent(viewer: Viewer, atMs: number): number | undefined {
    const random = this.world.random.fork(`intent ${viewer.index} ${Math.floor(atMs / DAY_MS)}`);
    return random.next() < INTENT_SHARE ? random.nextInt(viewer.tastes.length) : undefined;
  }

  /** Interest of the viewer in what the video is about at this moment, 0 to about 1.5. */
  taste(viewer: Viewer, video: Video, atMs: number): number {
    return this.tasteGiven(viewer, video, this.intent(viewer, atMs));
  }

  private tasteGiven(viewer: Viewer, video: Video, intent: number | undefined): number {
    let best = 0;
    let sum = 0;
    for (const k of video.topicIndices) {
      const interest = Math.min(1, viewer.tastes[k] + (k === intent ? INTENT_TASTE : 0));
      best = Math.max(best, interest);
      sum += interest;
    }
    let style = 0;
    for (let d = 0; d < STYLE_DIMENSIONS; d++) style += viewer.style[d] * video.channel.style[d];
    return Math.max(0, 0.75 * best + (0.25 * sum) / video.topicIndices.length + STYLE_WEIGHT * style);
  }

  /** Chance of a click once examined. */
  attraction(viewer: Viewer, video: Video, atMs: number, memory: ViewerMemory): number {
    return this.attractionGiven(viewer, video, atMs, memory, this.taste(viewer, video, atMs));
  }

  private attractionGiven(viewer: Viewer, video: Video, atMs: number, memory: ViewerMemory, taste: number): number {
    if (video.uploadedAtMs > atMs || memory.isDismissed(video.index)) return 0;
    const ageDays = (atMs - video.uploadedAtMs) / DAY_MS;
    const logOdds =
      BASE_LOG_ODDS +
      TASTE_LOG_ODDS * taste +
      video.clickAppeal +
      FRESHNESS_LOG_ODDS * Math.exp(-ageDays / FRESHNESS_DAYS) +
      (video.channel.country === viewer.country ? HOME_COUNTRY_LOG_ODDS : 0);
    const repeats =
      FATIGUE_FACTOR ** memory.shownStrength(video.index, atMs) * (memory.isWatched(video.index) ? WATCHED_FACTOR : 1);
    return repeats / (1 + Math.exp(-logOdds));
  }

  clickProbability(viewer: Viewer, video: Video, position: number, atMs: number, memory: ViewerMemory): number {
    return this.examination(position) * this.attraction(viewer, video, atMs, memory);
  }

  /** Mean share of the duration that is watched after a click. */
  meanShare(viewer: Viewer, video: Video, atMs: number): number {
    return this.meanShareGiven(viewer, video, this.taste(viewer, video, atMs));
  }

  private meanShareGiven(viewer: Viewer, video: Video, taste: number): number {
    const patience = 1 / Math.sqrt(1 + video.durationSeconds / PATIENCE_SECONDS[viewer.device]);
    const share =
      video.quality * (0.2 + 0.9 * Math.min(1, taste)) * patience * (video.clickbait ? CLICKBAIT_WATCH_FACTOR : 1);
    return Math.min(LARGEST_SHARE, Math.max(SMALLEST_SHARE, share));
  }

  /** Expected seconds watched from showing the video at `position`; 0 before its upload. */
  expectedWatchSeconds(viewer: Viewer, video: Video, position: number, atMs: number, memory: ViewerMemory): number {
    return this.examination(position) * this.value(viewer, video, atMs, memory, this.intent(viewer, atMs));
  }

  /** Expected watch seconds of a list, first place first: the sum over its places, examination falling with each. */
  listWatchSeconds(viewer: Viewer, videos: readonly Video[], atMs: number, memory: ViewerMemory): number {
    const intent = this.intent(viewer, atMs);
    return videos.reduce(
      (sum, video, position) => sum + this.examination(position) * this.value(viewer, video, atMs, memory, intent),
      0,
    );
  }

  /** The best list of `limit` videos for this viewer now, by expected watch seconds. */
  oracleList(viewer: Viewer, limit: number, atMs: number, memory: ViewerMemory): Video[] {
    const intent = this.intent(viewer, atMs);
    return this.world.videos
      .map((video) => ({ video, value: this.value(viewer, video, atMs, memory, intent) }))
      .sort((a, b) => b.value - a.value || a.video.index - b.video.index)
      .slice(0, limit)
      .map(({ video }) => video);
  }

  /** Draws what a viewer does with a page. */
  playPage(viewer: Viewer, videos: readonly Video[], atMs: number, memory: ViewerMemory, random: Random): PageOutcome {
    let viewedCount = 1;
    while (viewedCount < videos.length && random.next() < SCROLL_ON) viewedCount++;
    const clicks: { position: number; watchSeconds: number }[] = [];
    for (let position = 0; position < viewedCount; position++) {
      const video = videos[position];
      if (random.next() < attention(position) * this.attraction(viewer, video, atMs, memory)) {
        clicks.push({ position, watchSeconds: this.drawWatchSeconds(viewer, video, atMs, random) });
      }
    }
    return { viewedCount, clicks };
  }

  /** Draws the seconds watched after a click: share = U^((1 − m) / m), whose mean is m. */
  drawWatchSeconds(viewer: Viewer, video: Video, atMs: number, random: Random): number {
    const mean = this.meanShare(viewer, video, atMs);
    return video.durationSeconds * random.next() ** ((1 - mean) / mean);
  }

  private value(viewer: Viewer, video: Video, atMs: number, memory: ViewerMemory, intent: number | undefined): number {
    const taste = this.tasteGiven(viewer, video, intent);
    return (
      this.attractionGiven(viewer, video, atMs, memory, taste) *
      video.durationSeconds *
      this.meanShareGiven(viewer, video, taste)
    );
  }
}

const attention = (position: number) => 1 / (1 + ATTENTION_FALL * position);
