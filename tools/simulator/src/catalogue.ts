/**
 * Channels and videos as columns, so that a million videos take tens of megabytes. A row depends on the seed and its
 * index only.
 */
import { DAY_MS } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import { grown } from './columns';
import { clamp, drawStyle, pickWeighted, STYLE_DIMENSIONS } from './draws';
import type { WorldOptions } from './parameters';
import { COUNTRIES_OF_THE_WORLD, LANGUAGE_SHARES, TOPICS_OF_THE_WORLD } from './topics';

const VIDEOS_PER_CHANNEL = 8;
/** Half of the catalogue is older than the history, so that the age of a video varies from the first day. */
const SHARE_FROM_BEFORE = 0.5;
const SECOND_TOPIC_SHARE = 0.25;
/** One in so many videos; enough that a ranker by clicks alone visibly fills its lists with them. */
const CLICKBAIT_SHARE = 0.14;
const CLICKBAIT_APPEAL = 0.7;
const SHORTEST_SECONDS = 20;
const LONGEST_SECONDS = 3_600;
const MEDIAN_SECONDS = 180;
/** Tail exponent of how many follow a channel, which makes demand fall with rank about as Zipf has it. */
const AUDIENCE_EXPONENT = 1;
const LARGEST_AUDIENCE = 1_000;
const MEDIAN_LIFE_DAYS = 6;

export const NO_TOPIC = 255;

export class Channels {
  readonly topic: Uint8Array;
  readonly country: Uint8Array;
  readonly language: Uint8Array;
  /** [count × STYLE_DIMENSIONS] */
  readonly style: Float64Array;
  readonly quality: Float64Array;
  readonly durationFactor: Float64Array;
  readonly audience: Float64Array;
  /** Running sum of how much each uploads, for drawing. */
  readonly uploadShares: Float64Array;

  constructor(
    readonly count: number,
    random: Random,
  ) {
    this.topic = new Uint8Array(count);
    this.country = new Uint8Array(count);
    this.language = new Uint8Array(count);
    this.style = new Float64Array(count * STYLE_DIMENSIONS);
    this.quality = new Float64Array(count);
    this.durationFactor = new Float64Array(count);
    this.audience = new Float64Array(count);
    this.uploadShares = new Float64Array(count);
    const topicWeights = TOPICS_OF_THE_WORLD.map((_, index) => topicWeight(index));
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const own = random.fork(`channel ${index}`);
      // The first channels cover every topic, so that no viewer is left without anything.
      this.topic[index] = index < topicWeights.length ? index : pickWeighted(topicWeights, own);
      const language = index < topicWeights.length ? 0 : pickWeighted(LANGUAGE_SHARES, own);
      this.language[index] = language;
      this.country[index] = pickWeighted(
        COUNTRIES_OF_THE_WORLD.map((country) => (country.language === language ? country.share : 0)),
        own,
      );
      drawStyle(own, this.style, index * STYLE_DIMENSIONS);
      this.quality[index] = 0.35 + 0.55 * own.next();
      this.durationFactor[index] = Math.exp(0.5 * own.gaussian());
      this.audience[index] = Math.min(LARGEST_AUDIENCE, Math.exp(-Math.log(1 - own.next()) / AUDIENCE_EXPONENT));
      sum += Math.sqrt(this.audience[index]) * (0.5 + own.next());
      this.uploadShares[index] = sum;
    }
  }
}

export class Catalogue {
  readonly channels: Channels;
  count = 0;
  channel!: Uint32Array;
  /** A second topic, or `NO_TOPIC`; the first is the channel's. */
  secondTopic!: Uint8Array;
  durationSeconds!: Uint16Array;
  uploadedAtMs!: Float64Array;
  /** How well it holds those who like its topic, 0 to 1. */
  quality!: Float64Array;
  /** How much title and thumbnail draw, as a shift of the click's log-odds. Independent of quality. */
  clickAppeal!: Float64Array;
  /** 1 where it draws clicks and disappoints. */
  clickbait!: Uint8Array;
  /** How many would watch it on its best day, up to a factor. */
  demand!: Float64Array;
  /** Days in which demand falls to 1/e. */
  lifeDays!: Float64Array;
  /** Share of the demand that stays. */
  evergreen!: Float64Array;

  constructor(
    options: Required<WorldOptions>,
    private readonly random: Random,
  ) {
    const { videoCount, dayCount, endMs, daysFromBefore } = options;
    this.channels = new Channels(
      Math.max(TOPICS_OF_THE_WORLD.length, Math.round(videoCount / VIDEOS_PER_CHANNEL)),
      random,
    );
    this.reserve(videoCount);
    const startMs = endMs - dayCount * DAY_MS;
    const uploads = random.fork('upload times');
    for (let index = 0; index < videoCount; index++) {
      const before = uploads.next() < SHARE_FROM_BEFORE;
      const at = before
        ? startMs - uploads.next() * daysFromBefore * DAY_MS
        : startMs + uploads.next() * dayCount * DAY_MS;
      this.upload(Math.floor(at));
    }
  }

  /** Adds the next video; what it is depends on the seed and on how many there are, not on the time. @returns its index */
  upload(uploadedAtMs: number): number {
    if (this.count === this.channel.length) this.reserve(2 * this.count);
    const index = this.count++;
    const random = this.random.fork(`video ${index}`);
    const { channels } = this;
    const channel = searchSum(channels.uploadShares, random.next() * channels.uploadShares[channels.count - 1]);
    this.channel[index] = channel;
    this.secondTopic[index] = NO_TOPIC;
    if (random.next() < SECOND_TOPIC_SHARE) {
      const second = random.nextInt(TOPICS_OF_THE_WORLD.length);
      if (second !== channels.topic[channel]) this.secondTopic[index] = second;
    }
    const bait = random.next() < CLICKBAIT_SHARE;
    this.clickbait[index] = bait ? 1 : 0;
    this.durationSeconds[index] = Math.round(
      clamp(
        MEDIAN_SECONDS * channels.durationFactor[channel] * Math.exp(0.45 * random.gaussian()),
        SHORTEST_SECONDS,
        LONGEST_SECONDS,
      ),
    );
    this.quality[index] = clamp(channels.quality[channel] + 0.12 * random.gaussian(), 0.15, 0.98);
    this.clickAppeal[index] = 0.5 * random.gaussian() + (bait ? CLICKBAIT_APPEAL : 0);
    this.demand[index] = channels.audience[channel] * Math.exp(1.1 * random.gaussian() + 0.6 * this.clickAppeal[index]);
    this.lifeDays[index] = MEDIAN_LIFE_DAYS * Math.exp(0.6 * random.gaussian());
    this.evergreen[index] = 0.2 * random.next() * random.next();
    this.uploadedAtMs[index] = uploadedAtMs;
    return index;
  }

  /**
   * How much the video is in demand outside of any recommender at that age: up within hours, down within days, and a
   * rest that stays. 0 before its upload.
   */
  demandAt(index: number, atMs: number): number {
    const ageDays = (atMs - this.uploadedAtMs[index]) / DAY_MS;
    if (ageDays < 0) return 0;
    const rise = 1 - Math.exp(-(ageDays + 0.05) / 0.25);
    const kept = this.evergreen[index];
    return this.demand[index] * rise * (kept + (1 - kept) * Math.exp(-ageDays / this.lifeDays[index]));
  }

  private reserve(capacity: number): void {
    this.channel = grown(this.channel, new Uint32Array(capacity));
    this.secondTopic = grown(this.secondTopic, new Uint8Array(capacity));
    this.durationSeconds = grown(this.durationSeconds, new Uint16Array(capacity));
    this.uploadedAtMs = grown(this.uploadedAtMs, new Float64Array(capacity));
    this.quality = grown(this.quality, new Float64Array(capacity));
    this.clickAppeal = grown(this.clickAppeal, new Float64Array(capacity));
    this.clickbait = grown(this.clickbait, new Uint8Array(capacity));
    this.demand = grown(this.demand, new Float64Array(capacity));
    this.lifeDays = grown(this.lifeDays, new Float64Array(capacity));
    this.evergreen = grown(this.evergreen, new Float64Array(capacity));
  }
}

export const topicWeight = (index: number) => 1 / Math.sqrt(index + 1);

/** The first index whose running sum exceeds `value`. */
export function searchSum(sums: Float64Array, value: number, from = 0, to = sums.length): number {
  let low = from;
  let high = to - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
