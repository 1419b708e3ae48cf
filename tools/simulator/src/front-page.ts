/**
 * The page that viewers saw before there was any recommender: popular, fresh, from channels they follow, random, and
 * what a search finds.
 */
import type { Random } from '@watchnext/learning';
import { DAY_MS, pickWeighted, type Video, type World } from './world';
import type { ViewerMemory } from './memory';

export interface OrganicItem {
  readonly video: Video;
  readonly source: 'popular' | 'fresh' | 'followed' | 'random' | 'search';
}

const SOURCE_SHARES = [0.3, 0.2, 0.2, 0.3] as const;
const SOURCES = ['popular', 'fresh', 'followed', 'random'] as const;
const FRESH_DAYS = 3;
const POPULARITY_HALF_LIFE_MS = 2 * DAY_MS;
/** How often a search finds another topic's video. */
const SEARCH_MISS_SHARE = 0.1;
/** Tries per place before a source is given up for this page. */
const TRIES = 30;

/** Watches so far, older ones counting less; each video has a little from the start, so that everything can be found. */
export class Popularity {
  private readonly scores: number[] = [];
  private readonly total: number[] = [];
  private lastMs = -Infinity;

  recordWatch(videoIndex: number, atMs: number): void {
    this.decayTo(atMs);
    this.scores[videoIndex] = (this.scores[videoIndex] ?? 0) + 1;
    this.total[videoIndex] = (this.total[videoIndex] ?? 0) + 1;
  }

  score(videoIndex: number): number {
    return 0.2 + (this.scores[videoIndex] ?? 0);
  }

  /** Watches ever, undecayed. */
  watchCount(videoIndex: number): number {
    return this.total[videoIndex] ?? 0;
  }

  private decayTo(atMs: number): void {
    // Scaling everything at each watch would cost a pass over the catalogue; once an hour is as good.
    if (this.lastMs === -Infinity) this.lastMs = atMs;
    if (atMs - this.lastMs < 3_600_000) return;
    const factor = 2 ** (-(atMs - this.lastMs) / POPULARITY_HALF_LIFE_MS);
    for (let i = 0; i < this.scores.length; i++) this.scores[i] = (this.scores[i] ?? 0) * factor;
    this.lastMs = atMs;
  }
}

/**
 * A home page of `size` different videos that the viewer has not watched. Places are drawn without regard to the source.
 *
 * @param followed ids of the channels that the viewer follows
 */
export function homePage(
  world: World,
  popularity: Popularity,
  memory: ViewerMemory,
  followed: ReadonlySet<string>,
  atMs: number,
  size: number,
  random: Random,
): OrganicItem[] {
  const available = world.videos.filter((video) => video.uploadedAtMs <= atMs && !memory.isWatched(video.index));
  const fresh = available.filter((video) => atMs - video.uploadedAtMs < FRESH_DAYS * DAY_MS);
  const fromFollowed = available.filter((video) => followed.has(video.channel.id));
  const weights = available.map((video) => popularity.score(video.index));
  const draw = {
    popular: () => available[pickWeighted(weights, random)],
    fresh: () => (fresh.length > 0 ? fresh[random.nextInt(fresh.length)] : undefined),
    followed: () => (fromFollowed.length > 0 ? fromFollowed[random.nextInt(fromFollowed.length)] : undefined),
    random: () => available[random.nextInt(available.length)],
  };
  const chosen = new Map<number, OrganicItem>();
  if (available.length === 0) return [];
  for (let tries = 0; chosen.size < Math.min(size, available.length) && tries < size * TRIES; tries++) {
    const source = SOURCES[pickWeighted(SOURCE_SHARES, random)];
    const video = draw[source]();
    if (video !== undefined && !chosen.has(video.index)) chosen.set(video.index, { video, source });
  }
  return [...chosen.values()];
}

/** What a search for a topic finds: mostly its videos, in random order. */
export function searchPage(
  world: World,
  topicIndex: number,
  atMs: number,
  size: number,
  random: Random,
): OrganicItem[] {
  const available = world.videos.filter((video) => video.uploadedAtMs <= atMs);
  const matching = available.filter((video) => video.topicIndices.includes(topicIndex));
  const chosen = new Map<number, OrganicItem>();
  for (let tries = 0; chosen.size < size && tries < size * TRIES && available.length > 0; tries++) {
    const from = matching.length > 0 && random.next() >= SEARCH_MISS_SHARE ? matching : available;
    const video = from[random.nextInt(from.length)];
    if (!chosen.has(video.index)) chosen.set(video.index, { video, source: 'search' });
  }
  return [...chosen.values()];
}

/** One to three words of the topic's vocabulary. */
export function searchQuery(world: World, topicIndex: number, random: Random): string {
  const words = world.topics[topicIndex].words;
  return Array.from({ length: 1 + random.nextInt(3) }, () => words[random.nextInt(words.length)]).join(' ');
}
