/**
 * How viewers take to videos: the truth that no recommender is told.
 *
 *   P(click | position p) = examination(p) · attraction,   E[watch seconds] = P(click) · duration · mean share watched
 *
 * Attraction and share are functions of the viewer, the video, the moment and what the viewer has met before, so each
 * expectation is exact, and a played page is a draw from it. Clicks on a page are independent given what came into
 * view, so the value of a list is the sum over its places, and sorting by value is the best list there is. What a page does to
 * the rest of a session (who was disappointed leaves) comes on top: `sessionGoesOn`.
 */
import { DAY_MS } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import { NO_TOPIC } from './catalogue';
import { clamp, STYLE_DIMENSIONS } from './draws';
import type { ViewerMemory } from './memory';
import { INTERESTS } from './population';
import { COUNTRIES_OF_THE_WORLD, DEVICES, ENGLISH, TOPICS_OF_THE_WORLD } from './topics';
import type { Video, Viewer, World } from './world';

/** Chance that a viewer who saw one place scrolls to the next: 52% get to the tenth. */
const SCROLL_ON = 0.93;
/** Attention given to what is in view falls too, so that a viewed impression is not quite an examined one. */
const ATTENTION_FALL = 0.03;

const BASE_LOG_ODDS = -2.9;
const TASTE_LOG_ODDS = 3.6;
/** A new upload draws more for its first days: popularity by age. */
const FRESHNESS_LOG_ODDS = 0.9;
const FRESHNESS_DAYS = 2;
const HOME_COUNTRY_LOG_ODDS = 0.35;
const STYLE_WEIGHT = 0.22;
/** English understood, but not spoken at home. */
const SECOND_LANGUAGE_LOG_ODDS = -0.4;
const FOREIGN_LOG_ODDS = -2.6;
const FOREIGN_WATCH_FACTOR = 0.4;
/** What is liked of a topic that is none of the viewer's interests. */
const INDIFFERENCE = 0.06;
/** An interest comes and goes within so many days. */
const RAMP_DAYS = 5;

/** In so many weeks something is on the viewer's mind for some days, and searches say what. */
const EPISODE_SHARE = 0.5;
const EPISODE_TASTE = 0.55;

const CLICKBAIT_WATCH_FACTOR = 0.15;
const SMALLEST_SHARE = 0.02;
const LARGEST_SHARE = 0.95;
/** Duration at which the share watched has fallen by √2, by device. */
const PATIENCE_SECONDS = [600, 1_000, 2_000];
/** Of the mean share squared, so much is playbacks that run to the end. */
const TO_THE_END = 0.85;

/** Each showing of a video makes the next less welcome: a factor of 0.7; forgotten with the memory's half-life. */
const FATIGUE_LOG = Math.log(0.7);
const WATCHED_FACTOR = 0.08;

/** A viewer at a moment: what it likes then, by topic. */
export interface Moment {
  readonly viewerIndex: number;
  readonly atMs: number;
  /** Index in `DEVICES`. */
  readonly device: number;
  /** The topic on its mind, if any. */
  readonly intent: number | undefined;
  /** 0 to 1, by topic. */
  readonly interests: Float64Array;
}

export interface PageOutcome {
  /** Places 0 to viewedCount − 1 came into view. */
  readonly viewedCount: number;
  readonly clicks: readonly { readonly position: number; readonly watchSeconds: number }[];
}

/** Days on which a topic is on a viewer's mind. */
export interface Episode {
  readonly topic: number;
  readonly fromDay: number;
  readonly toDay: number;
}

/** What comes to a viewer's mind in a week, if anything. */
export function drawEpisode(week: number, random: Random): Episode | undefined {
  if (random.next() >= EPISODE_SHARE) return undefined;
  const topic = random.nextInt(TOPICS_OF_THE_WORLD.length);
  const fromDay = 7 * week + 6 * random.next();
  return { topic, fromDay, toDay: fromDay + 2 + 3 * random.next() };
}

export class Truth {
  constructor(private readonly world: World) {}

  /** @param device index in `DEVICES`; default: the one the viewer uses most */
  momentOf(viewerIndex: number, atMs: number, device = this.world.population.device[viewerIndex]): Moment {
    return this.momentWith(viewerIndex, atMs, device, this.intentOf(viewerIndex, atMs));
  }

  /** The same with this on the viewer's mind, whatever the truth is. */
  momentWith(viewerIndex: number, atMs: number, device: number, intent: number | undefined): Moment {
    const interests = new Float64Array(TOPICS_OF_THE_WORLD.length).fill(INDIFFERENCE);
    const day = this.world.dayOf(atMs);
    const { interestTopic, interestStrength, interestFromDay, interestToDay } = this.world.population;
    for (let at = viewerIndex * INTERESTS; at < (viewerIndex + 1) * INTERESTS; at++) {
      const rise = clamp((day - interestFromDay[at]) / RAMP_DAYS, 0, 1);
      const fall = clamp((interestToDay[at] - day) / RAMP_DAYS, 0, 1);
      const k = interestTopic[at];
      interests[k] = Math.max(interests[k], interestStrength[at] * Math.min(rise, fall));
    }
    if (intent !== undefined) interests[intent] = Math.min(1, interests[intent] + EPISODE_TASTE);
    return { viewerIndex, atMs, device, intent, interests };
  }

  /** Interest in each topic, 0 to 1, in the order of `world.topics`. */
  interests(viewer: Viewer, atMs: number): Float64Array {
    return this.momentOf(viewer.index, atMs).interests;
  }

  /** The topic on this viewer's mind at this moment, if any. */
  intent(viewer: Viewer, atMs: number): number | undefined {
    return this.intentOf(viewer.index, atMs);
  }

  private intentOf(viewerIndex: number, atMs: number): number | undefined {
    const day = this.world.dayOf(atMs);
    const week = Math.floor(day / 7);
    return this.episode(viewerIndex, week, day) ?? this.episode(viewerIndex, week - 1, day);
  }

  private episode(viewerIndex: number, week: number, day: number): number | undefined {
    const episode = drawEpisode(week, this.world.random.fork(`intent ${viewerIndex} ${week}`));
    return episode !== undefined && day >= episode.fromDay && day < episode.toDay ? episode.topic : undefined;
  }

  /** Chance that place `position` (0 first) comes into view. */
  viewProbability(position: number): number {
    return Math.exp(Math.log(SCROLL_ON) * position);
  }

  /** Chance that a viewer considers what stands at `position`: in view and attended to. */
  examination(position: number): number {
    return this.viewProbability(position) * attention(position);
  }

  /** Chance that what came into view at `position` is attended to. */
  attention(position: number): number {
    return attention(position);
  }

  /** Interest of the viewer in what the video is about at this moment, 0 to about 1.5. */
  tasteAt(moment: Moment, videoIndex: number): number {
    const { catalogue, population } = this.world;
    const channel = catalogue.channel[videoIndex];
    const first = moment.interests[catalogue.channels.topic[channel]];
    const second = catalogue.secondTopic[videoIndex];
    let interest = first;
    if (second !== NO_TOPIC) {
      const other = moment.interests[second];
      interest = 0.75 * Math.max(first, other) + 0.125 * (first + other);
    }
    let style = 0;
    const viewerAt = moment.viewerIndex * STYLE_DIMENSIONS;
    for (let d = 0; d < STYLE_DIMENSIONS; d++)
      style += population.style[viewerAt + d] * catalogue.channels.style[channel * STYLE_DIMENSIONS + d];
    return Math.max(0, interest + STYLE_WEIGHT * style);
  }

  /** Chance of a click once examined. */
  attractionAt(
    moment: Moment,
    videoIndex: number,
    memory: ViewerMemory,
    taste = this.tasteAt(moment, videoIndex),
  ): number {
    const { catalogue, population } = this.world;
    const ageDays = (moment.atMs - catalogue.uploadedAtMs[videoIndex]) / DAY_MS;
    if (ageDays < 0 || memory.isDismissed(videoIndex)) return 0;
    const channel = catalogue.channel[videoIndex];
    const isHome = catalogue.channels.country[channel] === population.country[moment.viewerIndex];
    const logOdds =
      BASE_LOG_ODDS +
      TASTE_LOG_ODDS * taste +
      catalogue.clickAppeal[videoIndex] +
      population.eagerness[moment.viewerIndex] +
      FRESHNESS_LOG_ODDS * Math.exp(-ageDays / FRESHNESS_DAYS) +
      (isHome ? HOME_COUNTRY_LOG_ODDS : 0) +
      [0, SECOND_LANGUAGE_LOG_ODDS, FOREIGN_LOG_ODDS][this.foreignness(moment.viewerIndex, channel)];
    const shown = memory.shownStrength(videoIndex, moment.atMs);
    const repeats =
      (shown > 0 ? Math.exp(FATIGUE_LOG * shown) : 1) * (memory.isWatched(videoIndex) ? WATCHED_FACTOR : 1);
    return repeats / (1 + Math.exp(-logOdds));
  }

  /** 0 the viewer's own language, 1 English that it understands, 2 one that it does not. */
  private foreignness(viewerIndex: number, channel: number): 0 | 1 | 2 {
    const language = this.world.catalogue.channels.language[channel];
    if (language === COUNTRIES_OF_THE_WORLD[this.world.population.country[viewerIndex]].language) return 0;
    return language === ENGLISH && this.world.population.speaksEnglish[viewerIndex] === 1 ? 1 : 2;
  }

  /** Mean share of the duration that is watched after a click. */
  meanShareAt(moment: Moment, videoIndex: number, taste = this.tasteAt(moment, videoIndex)): number {
    const { catalogue } = this.world;
    const patience = 1 / Math.sqrt(1 + catalogue.durationSeconds[videoIndex] / PATIENCE_SECONDS[moment.device]);
    const foreign = this.foreignness(moment.viewerIndex, catalogue.channel[videoIndex]) === 2;
    const share =
      catalogue.quality[videoIndex] *
      (0.3 + 0.9 * Math.min(1, taste)) *
      patience *
      (catalogue.clickbait[videoIndex] === 1 ? CLICKBAIT_WATCH_FACTOR : 1) *
      (foreign ? FOREIGN_WATCH_FACTOR : 1);
    return clamp(share, SMALLEST_SHARE, LARGEST_SHARE);
  }

  /** Expected seconds watched once examined; the place multiplies it by `examination`. */
  valueAt(moment: Moment, videoIndex: number, memory: ViewerMemory): number {
    const taste = this.tasteAt(moment, videoIndex);
    return (
      this.attractionAt(moment, videoIndex, memory, taste) *
      this.world.catalogue.durationSeconds[videoIndex] *
      this.meanShareAt(moment, videoIndex, taste)
    );
  }

  /** Mean of the seconds watched after a click, what is above the cap counted as the cap. */
  meanCappedWatchSecondsAt(moment: Moment, videoIndex: number, capSeconds: number): number {
    const mean = this.meanShareAt(moment, videoIndex);
    const duration = this.world.catalogue.durationSeconds[videoIndex];
    if (capSeconds >= duration) return mean * duration;
    const toTheEnd = TO_THE_END * mean * mean;
    const rest = (mean - toTheEnd) / (1 - toTheEnd);
    // Of duration · U^k, U even in 0 to 1: the cap is met at U = below, and the mean up to there is duration · below^(k + 1) / (k + 1).
    const k = (1 - rest) / rest;
    const below = Math.exp(Math.log(capSeconds / duration) / k);
    const givenUp = capSeconds * (below / (k + 1) + 1 - below);
    return toTheEnd * capSeconds + (1 - toTheEnd) * givenUp;
  }

  attraction(viewer: Viewer, video: Video, atMs: number, memory: ViewerMemory): number {
    return this.attractionAt(this.momentOf(viewer.index, atMs), video.index, memory);
  }

  meanShare(viewer: Viewer, video: Video, atMs: number): number {
    return this.meanShareAt(this.momentOf(viewer.index, atMs), video.index);
  }

  clickProbability(viewer: Viewer, video: Video, position: number, atMs: number, memory: ViewerMemory): number {
    return this.examination(position) * this.attraction(viewer, video, atMs, memory);
  }

  /** Expected seconds watched from showing the video at `position`; 0 before its upload. */
  expectedWatchSeconds(viewer: Viewer, video: Video, position: number, atMs: number, memory: ViewerMemory): number {
    return this.examination(position) * this.valueAt(this.momentOf(viewer.index, atMs), video.index, memory);
  }

  /** Expected watch seconds of a list, first place first: the sum over its places, examination falling with each. */
  listWatchSeconds(viewer: Viewer, videos: readonly Video[], atMs: number, memory: ViewerMemory): number {
    const moment = this.momentOf(viewer.index, atMs);
    return videos.reduce(
      (sum, video, position) => sum + this.examination(position) * this.valueAt(moment, video.index, memory),
      0,
    );
  }

  /** The best list of `limit` videos for this viewer now, by expected watch seconds. */
  oracleList(viewer: Viewer, limit: number, atMs: number, memory: ViewerMemory): Video[] {
    const moment = this.momentOf(viewer.index, atMs);
    const values: number[] = [];
    const best: number[] = [];
    for (let index = 0; index < this.world.catalogue.count; index++) {
      const value = this.valueAt(moment, index, memory);
      if (best.length === limit && !(value > values[limit - 1])) continue;
      let place = best.length;
      while (place > 0 && value > values[place - 1]) place--;
      values.splice(place, 0, value);
      best.splice(place, 0, index);
      if (best.length > limit) {
        values.pop();
        best.pop();
      }
    }
    return best.map((index) => this.world.videoAt(index));
  }

  /** Draws what a viewer does with a page. */
  playPageAt(moment: Moment, videoIndices: readonly number[], memory: ViewerMemory, random: Random): PageOutcome {
    let viewedCount = 1;
    while (viewedCount < videoIndices.length && random.next() < SCROLL_ON) viewedCount++;
    const clicks: { position: number; watchSeconds: number }[] = [];
    for (let position = 0; position < viewedCount; position++) {
      const video = videoIndices[position];
      if (random.next() < attention(position) * this.attractionAt(moment, video, memory))
        clicks.push({ position, watchSeconds: this.drawWatchSecondsAt(moment, video, random) });
    }
    return { viewedCount, clicks };
  }

  playPage(viewer: Viewer, videos: readonly Video[], atMs: number, memory: ViewerMemory, random: Random): PageOutcome {
    return this.playPageAt(
      this.momentOf(viewer.index, atMs),
      videos.map(({ index }) => index),
      memory,
      random,
    );
  }

  /**
   * Draws the seconds watched after a click: to the end with chance 0.85 m², else the share U^((1 − r)/r) with the r that
   * makes the mean of both m.
   */
  drawWatchSecondsAt(moment: Moment, videoIndex: number, random: Random): number {
    const mean = this.meanShareAt(moment, videoIndex);
    const duration = this.world.catalogue.durationSeconds[videoIndex];
    const toTheEnd = TO_THE_END * mean * mean;
    if (random.next() < toTheEnd) return duration;
    const rest = (mean - toTheEnd) / (1 - toTheEnd);
    return duration * Math.exp(((1 - rest) / rest) * Math.log(1 - random.next()));
  }

  /** Log of the chance, or of its density, that `drawWatchSecondsAt` draws so many seconds. */
  watchSecondsLogLikelihoodAt(moment: Moment, videoIndex: number, watchSeconds: number): number {
    const mean = this.meanShareAt(moment, videoIndex);
    const duration = this.world.catalogue.durationSeconds[videoIndex];
    const toTheEnd = TO_THE_END * mean * mean;
    if (watchSeconds >= duration) return Math.log(toTheEnd);
    const rest = (mean - toTheEnd) / (1 - toTheEnd);
    const exponent = rest / (1 - rest);
    const share = Math.max(watchSeconds / duration, 1e-6);
    return Math.log((1 - toTheEnd) * exponent) + (exponent - 1) * Math.log(share);
  }

  /** Chance that the session goes on to another page: who watched something to its liking stays, who was baited leaves. */
  sessionGoesOn(watches: readonly { readonly videoIndex: number; readonly watchSeconds: number }[]): number {
    if (watches.length === 0) return 0.3;
    let share = 0;
    for (const { videoIndex, watchSeconds } of watches)
      share += watchSeconds / this.world.catalogue.durationSeconds[videoIndex] / watches.length;
    return 0.25 + 0.5 * Math.min(1, 1.5 * share);
  }
}

/** Indices in `DEVICES` are the truth's. */
export const deviceIndex = (device: (typeof DEVICES)[number]) => DEVICES.indexOf(device);

const attention = (position: number) => 1 / (1 + ATTENTION_FALL * position);
