/**
 * The world: who watches and what there is to watch, all drawn from one seed. Nothing here has happened yet; `truth.ts`
 * says how a viewer takes to a video, `life/` and `live.ts` let things happen.
 *
 * Everything is held as columns (`catalogue`, `population`); `Video` and `Viewer` are views of a row, made when asked for.
 */
import { DAY_MS } from '@watchnext/features';
import { createRandom, type Random } from '@watchnext/learning';
import { Catalogue, NO_TOPIC } from './catalogue';
import { STYLE_DIMENSIONS } from './draws';
import { completeOptions, type WorldOptions } from './parameters';
import { Population } from './population';
import { channelName, videoTitle } from './titles';
import { COUNTRIES, DEVICES, TOPICS_OF_THE_WORLD, type Device, type Topic } from './topics';

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly topicIndex: number;
  readonly country: string;
  /** Index in `LANGUAGES`. */
  readonly languageIndex: number;
  /** A point in the space of styles, length `STYLE_DIMENSIONS`. */
  readonly style: Float64Array;
}

export interface Video {
  readonly id: string;
  readonly index: number;
  readonly title: string;
  readonly channel: Channel;
  /** One or two, distinct; the first is the channel's. */
  readonly topicIndices: readonly number[];
  readonly durationSeconds: number;
  readonly uploadedAtMs: number;
  /** How well it holds those who like its topic, 0 to 1. */
  readonly quality: number;
  /** How much title and thumbnail draw, as a shift of the click's log-odds. Independent of quality. */
  readonly clickAppeal: number;
  /** Draws clicks and disappoints. */
  readonly clickbait: boolean;
}

export interface Viewer {
  /** Of the end of the history, or of its coming after it: who logs in during it was somebody else before (`anonymousId`). */
  readonly id: string;
  readonly anonymousId: string | undefined;
  readonly index: number;
  readonly country: string;
  /** The one most used. */
  readonly device: Device;
  readonly ageYears: number;
  /** 1 female, 2 male, 3 other, as in the contract. */
  readonly gender: number;
  /** At the end of the history, or when it came after it. */
  readonly loggedIn: boolean;
  /** A program that clicks. */
  readonly bot: boolean;
  /** Mean sessions of a day. */
  readonly sessionsPerDay: number;
}

export class World {
  readonly topics: readonly Topic[] = TOPICS_OF_THE_WORLD;
  readonly options: Required<WorldOptions>;
  readonly random: Random;
  readonly catalogue: Catalogue;
  readonly population: Population;
  readonly startMs: number;
  private readonly videoViews: Video[] = [];
  private readonly channelViews: Channel[] = [];
  private readonly viewerViews: Viewer[] = [];

  /** @throws RangeError for options that make no world */
  constructor(options: WorldOptions) {
    this.options = completeOptions(options);
    this.random = createRandom(options.seed);
    this.startMs = options.endMs - options.dayCount * DAY_MS;
    this.catalogue = new Catalogue(this.options, this.random);
    this.population = new Population(this.options, this.random);
  }

  /** Days since the start of the history. */
  dayOf(atMs: number): number {
    return (atMs - this.startMs) / DAY_MS;
  }

  /** Every video so far as a view; later uploads come last. For worlds of a size to hold them all. */
  get videos(): readonly Video[] {
    return Array.from({ length: this.catalogue.count }, (_, index) => this.videoAt(index));
  }

  /** Every viewer so far; who came after the history comes last. */
  get viewers(): readonly Viewer[] {
    return Array.from({ length: this.population.count }, (_, index) => this.viewerAt(index));
  }

  video(id: string): Video | undefined {
    const index = /^video-\d{5,}$/.test(id) ? Number(id.slice(6)) : -1;
    return index >= 0 && index < this.catalogue.count && videoId(index) === id ? this.videoAt(index) : undefined;
  }

  viewer(id: string): Viewer | undefined {
    const index = /^(viewer|anonymous)-\d{5,}$/.test(id) ? Number(id.slice(id.indexOf('-') + 1)) : -1;
    const viewer = index >= 0 && index < this.population.count ? this.viewerAt(index) : undefined;
    return viewer?.id === id ? viewer : undefined;
  }

  videoAt(index: number): Video {
    return (this.videoViews[index] ??= this.viewVideo(index));
  }

  /** A view that is not kept. */
  viewVideo(index: number): Video {
    const { catalogue } = this;
    const channel = this.channelAt(catalogue.channel[index]);
    const second = catalogue.secondTopic[index];
    const clickbait = catalogue.clickbait[index] === 1;
    const title = videoTitle(
      channel.topicIndex,
      channel.languageIndex,
      clickbait,
      this.random.fork(`title of video ${index}`),
    );
    return {
      id: videoId(index),
      index,
      // A list with one title twice would look like a fault.
      title: `${title} #${index + 1}`,
      channel,
      topicIndices: second === NO_TOPIC ? [channel.topicIndex] : [channel.topicIndex, second],
      durationSeconds: catalogue.durationSeconds[index],
      uploadedAtMs: catalogue.uploadedAtMs[index],
      quality: catalogue.quality[index],
      clickAppeal: catalogue.clickAppeal[index],
      clickbait,
    };
  }

  private channelAt(index: number): Channel {
    const { channels } = this.catalogue;
    return (this.channelViews[index] ??= {
      id: channelId(index),
      name: channelName(channels.topic[index], channels.language[index], this.random.fork(`name of channel ${index}`)),
      topicIndex: channels.topic[index],
      country: COUNTRIES[channels.country[index]],
      languageIndex: channels.language[index],
      style: channels.style.subarray(index * STYLE_DIMENSIONS, (index + 1) * STYLE_DIMENSIONS),
    });
  }

  viewerAt(index: number): Viewer {
    return (this.viewerViews[index] ??= this.viewViewer(index));
  }

  private viewViewer(index: number): Viewer {
    const { population } = this;
    const loginDay = population.loginDay[index];
    // Who left, or never came, before the day of its login stays anonymous.
    const loggedIn = loginDay < Math.min(population.leaveDay[index], this.options.dayCount);
    return {
      id: loggedIn ? viewerId(index) : anonymousId(index),
      anonymousId: loginDay > 0 && loggedIn ? anonymousId(index) : undefined,
      index,
      country: COUNTRIES[population.country[index]],
      device: DEVICES[population.device[index]],
      ageYears: population.ageYears[index],
      gender: population.gender[index],
      loggedIn,
      bot: population.bot[index] === 1,
      sessionsPerDay: population.sessionsPerDay[index],
    };
  }

  /**
   * Adds what was uploaded since the history ended, one video every `everyMs`, up to `nowMs`. The schedule is the
   * world's own: a world built anew later catches up to the very same videos.
   *
   * @returns the new ones
   */
  uploadDue(nowMs: number, everyMs: number): Video[] {
    const due: Video[] = [];
    const { endMs, videoCount } = this.options;
    for (;;) {
      const atMs = endMs + (this.catalogue.count - videoCount + 1) * everyMs;
      if (atMs > nowMs) return due;
      due.push(this.videoAt(this.catalogue.upload(atMs)));
    }
  }

  /**
   * Adds who came since the history ended, at the rate of the history's newcomers, up to `nowMs`. As uploads, they are
   * the world's own: one built anew later finds the very same viewers.
   *
   * @returns the new ones
   */
  newcomersDue(nowMs: number): Viewer[] {
    const due: Viewer[] = [];
    const { population } = this;
    while (population.welcome(this.dayOf(nowMs))) due.push(this.viewerAt(population.count - 1));
    return due;
  }
}

export const videoId = (index: number) => `video-${String(index).padStart(5, '0')}`;
export const channelId = (index: number) => `channel-${String(index).padStart(4, '0')}`;
export const viewerId = (index: number) => `viewer-${String(index).padStart(5, '0')}`;
export const anonymousId = (index: number) => `anonymous-${String(index).padStart(5, '0')}`;
