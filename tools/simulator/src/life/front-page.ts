/**
 * The pages that viewers saw before there was any recommender: popular, fresh, from channels they follow, of topics
 * they watched, random, and what a search finds. Places are drawn without regard to the source.
 */
import type { Random } from '@watchnext/learning';
import type { Demand } from '../demand';
import { pick, pickWeighted } from '../draws';
import type { ViewerMemory } from '../memory';
import { COUNTRIES_OF_THE_WORLD, ENGLISH, TOPICS_OF_THE_WORLD } from '../topics';
import type { World } from '../world';
import { SOURCES, type Page } from './recorder';

const HOME_SHARES = [0.4, 0.2, 0.14, 0.12, 0.14];
const [POPULAR, TOPIC, FOLLOWED, FRESH, RANDOM] = [0, 1, 2, 3, 4] as const;
const SEARCH = SOURCES.indexOf('search');
const RELATED = SOURCES.indexOf('related');
const CHANNEL = SOURCES.indexOf('channel');
const UP_NEXT_SHARES = [0.5, 0.25, 0.25];
const FRESH_DAYS = 3;
/** Who understands English is shown some of it. */
const ENGLISH_SHARE = 0.3;
/** How often a page shows a language without asking who understands it, and a search finds another topic's video. */
const ANY_LANGUAGE_SHARE = 0.06;
const SEARCH_MISS_SHARE = 0.1;
/** Tries per place before a page stays short. */
const TRIES = 6;
const SECOND_LANGUAGE_QUERIES = 0.15;

/** Of a viewer, what a front page of old goes by. */
export interface Habits {
  readonly viewerIndex: number;
  /** Channels. */
  readonly followed: readonly number[];
  /** Videos watched last. */
  readonly recent: readonly number[];
}

export class FrontPage {
  constructor(
    private readonly world: World,
    private readonly demand: Demand,
  ) {}

  home(habits: Habits, memory: ViewerMemory, atMs: number, size: number, random: Random): Page {
    return this.fill(0, -1, memory, size, () => {
      const source = pickWeighted(HOME_SHARES, random);
      return { source, video: this.ofSource(source, habits, atMs, random) };
    });
  }

  search(habits: Habits, topic: number, memory: ViewerMemory, atMs: number, size: number, random: Random): Page {
    return this.fill(1, -1, memory, size, () => {
      const language = this.languageFor(habits.viewerIndex, random);
      const missed = random.next() < SEARCH_MISS_SHARE;
      const found = missed ? random.nextInt(TOPICS_OF_THE_WORLD.length) : topic;
      return { source: SEARCH, video: this.demand.ofTopic(language, found, atMs, random) };
    });
  }

  upNext(habits: Habits, seed: number, memory: ViewerMemory, atMs: number, size: number, random: Random): Page {
    const { catalogue } = this.world;
    const channel = catalogue.channel[seed];
    const { language, topic } = catalogue.channels;
    return this.fill(2, seed, memory, size, () => {
      const kind = pickWeighted(UP_NEXT_SHARES, random);
      if (kind === 0)
        return { source: RELATED, video: this.demand.ofTopic(language[channel], topic[channel], atMs, random) };
      if (kind === 1) return { source: CHANNEL, video: this.demand.ofChannel(channel, atMs, random) };
      return { source: POPULAR, video: this.ofSource(POPULAR, habits, atMs, random) };
    });
  }

  /** Something that comes a viewer's way elsewhere. */
  elsewhere(viewerIndex: number, atMs: number, random: Random): number {
    const language = this.languageFor(viewerIndex, random);
    return random.next() < 0.5
      ? this.demand.ofLanguage(language, atMs, random)
      : this.demand.anyOf(language, atMs, random);
  }

  private ofSource(source: number, habits: Habits, atMs: number, random: Random): number {
    const { catalogue } = this.world;
    if (source === FOLLOWED && habits.followed.length > 0)
      return this.demand.ofChannel(pick(habits.followed, random), atMs, random);
    if (source === TOPIC && habits.recent.length > 0) {
      const channel = catalogue.channel[pick(habits.recent, random)];
      const { language, topic } = catalogue.channels;
      return this.demand.ofTopic(language[channel], topic[channel], atMs, random);
    }
    const language = this.languageFor(habits.viewerIndex, random);
    if (source === RANDOM) return this.demand.anyOf(language, atMs, random);
    if (source === FRESH) return this.demand.fresh(language, FRESH_DAYS, atMs, random);
    return this.demand.ofLanguage(language, atMs, random);
  }

  private languageFor(viewerIndex: number, random: Random): number {
    const { country, speaksEnglish } = this.world.population;
    const own = COUNTRIES_OF_THE_WORLD[country[viewerIndex]].language;
    const drawn = random.next();
    if (drawn < ANY_LANGUAGE_SHARE)
      return this.world.catalogue.channels.language[random.nextInt(this.world.catalogue.channels.count)];
    return speaksEnglish[viewerIndex] === 1 && drawn < ANY_LANGUAGE_SHARE + ENGLISH_SHARE ? ENGLISH : own;
  }

  /** Different videos that the viewer has not watched. */
  private fill(
    surface: number,
    seedVideo: number,
    memory: ViewerMemory,
    size: number,
    draw: () => { source: number; video: number },
  ): Page {
    const videos: number[] = [];
    const sources: number[] = [];
    for (let tries = 0; videos.length < size && tries < size * TRIES; tries++) {
      const { source, video } = draw();
      if (video < 0 || video === seedVideo || memory.isWatched(video) || videos.includes(video)) continue;
      videos.push(video);
      sources.push(source);
    }
    return { surface, seedVideo, videos, sources };
  }
}

/** One to three words of the topic's vocabulary, in a language of the viewer's. */
export function searchQuery(world: World, viewerIndex: number, topic: number, random: Random): string {
  const { country, speaksEnglish } = world.population;
  const own = COUNTRIES_OF_THE_WORLD[country[viewerIndex]].language;
  const language = speaksEnglish[viewerIndex] === 1 && random.next() < SECOND_LANGUAGE_QUERIES ? ENGLISH : own;
  const words = TOPICS_OF_THE_WORLD[topic].words[language];
  let query = pick(words, random);
  for (let more = random.nextInt(3); more > 0; more--) query += ` ${pick(words, random)}`;
  return query;
}
