/**
 * The days before there was a recommender, as events: what the launcher sends through the collector so that there is
 * something to learn from. The same options give the same events, ids and all.
 */
import { Rung, type Event, type ImpressionsServed } from '@watchnext/contract';
import type { Random } from '@watchnext/learning';
import { EventFactory } from './events';
import { homePage, Popularity, searchPage, searchQuery, type OrganicItem } from './front-page';
import { newMemories, type ViewerMemory } from './memory';
import { playPage, playWatch, type PageSetting } from './page';
import { Truth } from './truth';
import { DAY_MS, pickWeighted, type Video, type Viewer, type World } from './world';

export interface History {
  /** In order of delivery: videos and users first, then activity, a little of it late or twice. */
  readonly events: readonly Event[];
  readonly popularity: Popularity;
  /** By viewer index: what each has met, for the truth of what comes next. */
  readonly memories: readonly ViewerMemory[];
  readonly counts: {
    readonly requests: number;
    readonly impressions: number;
    readonly watches: number;
    readonly searches: number;
  };
}

const PAGE_SIZE = 10;
const SESSIONS_PER_VIEWER_DAY = 0.75;
/** Pages of a session: one, then another with this probability. */
const ANOTHER_PAGE = 0.45;
const SEARCH_SHARE = 0.22;
/** Watches that no list of ours led to: a link, a subscription. The paper trains on them too (§3.4). */
const ELSEWHERE_SHARE = 0.55;
const ELSEWHERE_CHOICE = 20;
/** Viewers follow the channel of a video of which they watched so much. */
const FOLLOW_FROM_SHARE = 0.5;
const LATE_SHARE = 0.004;
const LATE_MIN_MS = 600_000;
const LATE_SPREAD_MS = 5 * 3_600_000;
const DUPLICATE_SHARE = 0.003;
const DUPLICATE_SPREAD_MS = 3_600_000;
/** Sessions by UTC hour; few at night. */
const HOUR_WEIGHTS = [4, 2, 1, 1, 1, 2, 4, 6, 7, 6, 6, 7, 9, 8, 7, 7, 8, 10, 13, 15, 16, 15, 11, 7];

export function generateHistory(world: World): History {
  return new HistoryWriter(world).write();
}

class HistoryWriter {
  private readonly truth: Truth;
  private readonly random: Random;
  private readonly factory: EventFactory;
  private readonly setting: PageSetting;
  private readonly popularity = new Popularity();
  private readonly memories: ViewerMemory[];
  /** By viewer index: ids of channels. */
  private readonly followed: Set<string>[];
  private readonly busyUntilMs: Float64Array;
  private readonly activity: Event[] = [];
  private readonly counts = { requests: 0, impressions: 0, watches: 0, searches: 0 };

  constructor(private readonly world: World) {
    this.truth = new Truth(world);
    this.random = world.random.fork('history');
    this.factory = new EventFactory(world, world.random.fork('history ids'), true);
    this.setting = { truth: this.truth, factory: this.factory, random: this.random, speed: 1 };
    this.memories = newMemories(world.viewers.length);
    this.followed = world.viewers.map(() => new Set());
    this.busyUntilMs = new Float64Array(world.viewers.length);
  }

  write(): History {
    const { world } = this;
    const catalogue = world.videos.map((video) => this.factory.videoUpserted(video));
    const users = world.viewers.map((viewer) => this.factory.userUpserted(viewer, world.startMs));
    for (const { viewer, atMs } of this.sessionStarts()) this.session(viewer, atMs);
    const events = [...catalogue, ...users, ...inDeliveryOrder(this.activity, world.random.fork('delivery'))];
    return { events, popularity: this.popularity, memories: this.memories, counts: this.counts };
  }

  /** Every viewer's sessions, in order of time. */
  private sessionStarts(): { viewer: Viewer; atMs: number }[] {
    const { viewers, options, startMs } = this.world;
    const random = this.world.random.fork('sessions');
    const firstDayMs = Math.floor(startMs / DAY_MS) * DAY_MS;
    const starts: { viewer: Viewer; atMs: number }[] = [];
    for (const viewer of viewers) {
      const perDay = SESSIONS_PER_VIEWER_DAY * viewer.activity * viewers.length;
      for (let dayMs = firstDayMs; dayMs < options.endMs; dayMs += DAY_MS) {
        for (let left = poisson(perDay, random); left > 0; left--) {
          const atMs = dayMs + (pickWeighted(HOUR_WEIGHTS, random) + random.next()) * (DAY_MS / 24);
          if (atMs >= startMs && atMs < options.endMs) starts.push({ viewer, atMs });
        }
      }
    }
    return starts.sort((a, b) => a.atMs - b.atMs || a.viewer.index - b.viewer.index);
  }

  private session(viewer: Viewer, startMs: number): void {
    const { random, truth } = this;
    let clockMs = Math.max(startMs, this.busyUntilMs[viewer.index] + 1_000);
    do {
      if (clockMs >= this.world.options.endMs) break;
      if (random.next() < SEARCH_SHARE) {
        const topicIndex = truth.intent(viewer, clockMs) ?? pickWeighted(viewer.tastes, random);
        this.push(this.factory.search(viewer, searchQuery(this.world, topicIndex, random), clockMs));
        this.counts.searches++;
        clockMs += 2_000;
        clockMs = this.page(viewer, 'search', searchPage(this.world, topicIndex, clockMs, PAGE_SIZE, random), clockMs);
      } else {
        const items = homePage(
          this.world,
          this.popularity,
          this.memories[viewer.index],
          this.followed[viewer.index],
          clockMs,
          PAGE_SIZE,
          random,
        );
        clockMs = this.page(viewer, 'home', items, clockMs);
      }
      if (random.next() < ELSEWHERE_SHARE) clockMs = this.watchFromElsewhere(viewer, clockMs);
      clockMs += 5_000 + 20_000 * random.next();
    } while (random.next() < ANOTHER_PAGE);
    this.busyUntilMs[viewer.index] = clockMs;
  }

  private page(viewer: Viewer, surface: string, items: readonly OrganicItem[], atMs: number): number {
    if (items.length === 0) return atMs;
    const page = {
      requestId: this.factory.newId(atMs),
      items: items.map((item) => ({ ...item, impressionId: this.factory.newId(atMs) })),
    };
    const served: ImpressionsServed = {
      userId: viewer.id,
      requestId: page.requestId,
      pageId: '',
      context: this.factory.context(viewer, surface, atMs),
      mark: undefined,
      snapshotId: '',
      rung: Rung.UNSPECIFIED,
      rungReason: '',
      items: page.items.map(({ impressionId, video, source }, position) => ({
        impressionId,
        videoId: video.id,
        position,
        video: this.factory.facts(video),
        source,
        sourceScore: 0,
        score: undefined,
        featuresChecksum: undefined,
        propensity: 0,
        team: '',
      })),
      experimentId: '',
      variantId: '',
      assignments: [],
      latencyMs: 0,
      exploredPlaces: [],
    };
    this.push(this.factory.event(atMs, { $case: 'impressionsServed', value: served }));
    this.counts.requests++;
    this.counts.impressions += items.length;
    const played = playPage(this.setting, viewer, page, atMs, this.memories[viewer.index]);
    for (const event of played.events) this.push(event);
    for (const { video, watchSeconds } of played.watches) this.countWatch(viewer, video, watchSeconds, atMs);
    return played.endMs;
  }

  /** Of a few videos that came the viewer's way elsewhere, the most inviting. */
  private watchFromElsewhere(viewer: Viewer, atMs: number): number {
    const memory = this.memories[viewer.index];
    let best: Video | undefined;
    let bestAttraction = 0;
    for (let n = 0; n < ELSEWHERE_CHOICE; n++) {
      const video = this.world.videos[this.random.nextInt(this.world.videos.length)];
      const attraction = this.truth.attraction(viewer, video, atMs, memory);
      if (attraction > bestAttraction) [best, bestAttraction] = [video, attraction];
    }
    if (best === undefined) return atMs;
    const watchSeconds = this.truth.drawWatchSeconds(viewer, best, atMs, this.random);
    const played = playWatch(this.setting, viewer, best, '', watchSeconds, atMs + 2_000);
    for (const event of played.events) this.push(event);
    memory.recordWatched(best.index);
    this.countWatch(viewer, best, watchSeconds, atMs);
    return played.endMs;
  }

  private countWatch(viewer: Viewer, video: Video, watchSeconds: number, atMs: number): void {
    if (watchSeconds >= FOLLOW_FROM_SHARE * video.durationSeconds) this.followed[viewer.index].add(video.channel.id);
    this.popularity.recordWatch(video.index, atMs);
    this.counts.watches++;
  }

  /** What would lie in the future has not happened. */
  private push(event: Event): void {
    if (event.occurredAtMs <= this.world.options.endMs) this.activity.push(event);
  }
}

/** By time, but some watches come hours late and some events twice, as producers that retry deliver them. */
function inDeliveryOrder(activity: readonly Event[], random: Random): Event[] {
  const deliveries: { atMs: number; event: Event }[] = [];
  for (const event of activity) {
    const late = event.body?.$case === 'watch' && random.next() < LATE_SHARE;
    const atMs = event.occurredAtMs + (late ? LATE_MIN_MS + random.next() * LATE_SPREAD_MS : 0);
    deliveries.push({ atMs, event });
    if (random.next() < DUPLICATE_SHARE) deliveries.push({ atMs: atMs + random.next() * DUPLICATE_SPREAD_MS, event });
  }
  // Equal times keep their order: sorting is stable, and a list stands before its clicks.
  return deliveries.sort((a, b) => a.atMs - b.atMs).map(({ event }) => event);
}

/** Knuth's product of uniforms; for small means. */
function poisson(mean: number, random: Random): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > limit; product *= random.next()) count++;
  return count;
}
