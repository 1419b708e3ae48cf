/**
 * The world: who watches and what there is to watch, all drawn from one seed. Nothing here has happened yet; `truth.ts`
 * says how a viewer takes to a video, `history.ts` and `live.ts` let things happen.
 */
import { createRandom, type Random } from '@watchnext/learning';
import { COUNTRIES, DEVICES, TOPICS_OF_THE_WORLD, type Device, type Topic } from './topics';

export interface WorldOptions {
  readonly seed: number;
  readonly viewerCount: number;
  /** Videos that exist when the history ends. */
  readonly videoCount: number;
  /** Days of history. */
  readonly dayCount: number;
  /** When the history ends, milliseconds since the epoch. */
  readonly endMs: number;
}

export const DEFAULT_WORLD = { seed: 1, viewerCount: 800, videoCount: 800, dayCount: 10 } as const;

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly topicIndex: number;
  readonly country: string;
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
  readonly id: string;
  readonly index: number;
  /** Lasting interest in each topic, 0 to 1. */
  readonly tastes: Float64Array;
  readonly style: Float64Array;
  readonly country: string;
  readonly device: Device;
  readonly ageYears: number;
  /** 1 female, 2 male, 3 other, as in the contract. */
  readonly gender: number;
  readonly loggedIn: boolean;
  /** Share of the world's sessions that are this viewer's. */
  readonly activity: number;
}

export const STYLE_DIMENSIONS = 3;
export const DAY_MS = 86_400_000;
/** One in so many videos; enough that a ranker by clicks alone visibly fills its lists with them. */
const CLICKBAIT_SHARE = 0.14;
const VIDEOS_PER_CHANNEL = 8;
/** Half of the catalogue is older than the history, so that the age of a video varies from the first day. */
const SHARE_FROM_BEFORE = 0.5;
const DAYS_FROM_BEFORE = 60;
const SHORTEST_SECONDS = 20;
const LONGEST_SECONDS = 3_600;

export class World {
  readonly topics: readonly Topic[] = TOPICS_OF_THE_WORLD;
  readonly channels: readonly Channel[];
  readonly viewers: readonly Viewer[];
  readonly startMs: number;
  private readonly catalogue: Video[] = [];
  private readonly byId = new Map<string, Video>();
  private readonly titles = new Map<string, number>();
  private readonly viewersById: Map<string, Viewer>;

  constructor(
    readonly options: WorldOptions,
    readonly random: Random = createRandom(options.seed),
  ) {
    for (const name of ['viewerCount', 'videoCount', 'dayCount'] as const) {
      if (!Number.isSafeInteger(options[name]) || options[name] < 1)
        throw new RangeError(`${name} must be an integer of at least 1`);
    }
    this.startMs = options.endMs - options.dayCount * DAY_MS;
    const topicWeights = this.topics.map((_, index) => 1 / Math.sqrt(index + 1));
    this.channels = Array.from(
      { length: Math.max(this.topics.length, Math.round(options.videoCount / VIDEOS_PER_CHANNEL)) },
      (_, index) => drawChannel(index, this.topics, topicWeights, random.fork(`channel ${index}`)),
    );
    this.viewers = normaliseActivity(
      Array.from({ length: options.viewerCount }, (_, index) =>
        drawViewer(index, this.topics, topicWeights, random.fork(`viewer ${index}`)),
      ),
    );
    this.viewersById = new Map(this.viewers.map((viewer) => [viewer.id, viewer]));
    const uploads = random.fork('upload times');
    for (let index = 0; index < options.videoCount; index++) {
      const before = uploads.next() < SHARE_FROM_BEFORE;
      const at = before
        ? this.startMs - uploads.next() * DAYS_FROM_BEFORE * DAY_MS
        : this.startMs + uploads.next() * options.dayCount * DAY_MS;
      this.upload(Math.floor(at));
    }
  }

  /** Every video so far; later uploads come last. */
  get videos(): readonly Video[] {
    return this.catalogue;
  }

  video(id: string): Video | undefined {
    return this.byId.get(id);
  }

  viewer(id: string): Viewer | undefined {
    return this.viewersById.get(id);
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
      const atMs = endMs + (this.catalogue.length - videoCount + 1) * everyMs;
      if (atMs > nowMs) return due;
      due.push(this.upload(atMs));
    }
  }

  /** Adds the next video; what it is depends on the seed and on how many there are, not on the time. */
  private upload(uploadedAtMs: number): Video {
    const index = this.catalogue.length;
    const drawn = drawVideo(index, uploadedAtMs, this.channels, this.topics, this.random.fork(`video ${index}`));
    const sameTitle = (this.titles.get(drawn.title) ?? 0) + 1;
    this.titles.set(drawn.title, sameTitle);
    // A list with one title twice would look like a fault.
    const video = sameTitle === 1 ? drawn : { ...drawn, title: `${drawn.title}, part ${sameTitle}` };
    this.catalogue.push(video);
    this.byId.set(video.id, video);
    return video;
  }
}

function drawChannel(
  index: number,
  topics: readonly Topic[],
  topicWeights: readonly number[],
  random: Random,
): Channel {
  // The first channels cover every topic, so that no viewer is left without anything.
  const topicIndex = index < topics.length ? index : pickWeighted(topicWeights, random);
  return {
    id: `channel-${String(index).padStart(4, '0')}`,
    name: `${capitalise(topics[topicIndex].words[random.nextInt(topics[topicIndex].words.length)])} ${pick(['Weekly', 'Lab', 'Club', 'Today', 'Corner'], random)}`,
    topicIndex,
    country: pick(COUNTRIES, random),
    style: drawStyle(random),
  };
}

function drawVideo(
  index: number,
  uploadedAtMs: number,
  channels: readonly Channel[],
  topics: readonly Topic[],
  random: Random,
): Video {
  const channel = channels[random.nextInt(channels.length)];
  const topicIndices = [channel.topicIndex];
  if (random.next() < 0.25) {
    const second = random.nextInt(topics.length);
    if (second !== channel.topicIndex) topicIndices.push(second);
  }
  const clickbait = random.next() < CLICKBAIT_SHARE;
  const durationSeconds = Math.round(
    Math.min(LONGEST_SECONDS, Math.max(SHORTEST_SECONDS, 240 * Math.exp(0.65 * random.gaussian()))),
  );
  const quality = 0.4 + 0.55 * random.next();
  const clickAppeal = 0.6 * random.gaussian() + (clickbait ? 0.7 : 0);
  return {
    id: `video-${String(index).padStart(5, '0')}`,
    index,
    title: drawTitle(topics[channel.topicIndex], clickbait, random),
    channel,
    topicIndices,
    durationSeconds,
    uploadedAtMs,
    quality,
    clickAppeal,
    clickbait,
  };
}

function drawTitle(topic: Topic, clickbait: boolean, random: Random): string {
  const first = capitalise(topic.words[random.nextInt(topic.words.length)]);
  const second = topic.words[random.nextInt(topic.words.length)];
  if (clickbait)
    return pick(
      [`${first}: you will not believe this ${second}`, `They HID this ${second} from you`, `${first} GONE WRONG`],
      random,
    );
  return pick(
    [
      `${first} and ${second}, step by step`,
      `The ${second} guide to ${topic.name}`,
      `${first}: a closer look`,
      `A day of ${topic.name}: ${second}`,
      `Why ${first.toLowerCase()} matters`,
    ],
    random,
  );
}

function drawViewer(index: number, topics: readonly Topic[], topicWeights: readonly number[], random: Random): Viewer {
  const ageYears = 16 + random.nextInt(55);
  const liking = topics.map(
    (topic, k) => topicWeights[k] * (0.3 + Math.exp(-(((ageYears - topic.centreAgeYears) / 15) ** 2))),
  );
  const tastes = new Float64Array(topics.length);
  for (let k = 0; k < tastes.length; k++) tastes[k] = 0.1 * random.next();
  // Two or three loves and two mild interests: narrow enough that one list for everybody must disappoint most.
  const loveCount = 2 + random.nextInt(2);
  for (let n = 0; n < loveCount + 2; n++) {
    const k = pickWeighted(liking, random);
    liking[k] = 0;
    tastes[k] = n < loveCount ? 0.7 + 0.3 * random.next() : 0.25 + 0.2 * random.next();
  }
  return {
    id: `viewer-${String(index).padStart(5, '0')}`,
    index,
    tastes,
    style: drawStyle(random),
    country: pick(COUNTRIES, random),
    device: DEVICES[pickWeighted([0.6, 0.25, 0.15], random)],
    ageYears,
    gender: 1 + pickWeighted([0.48, 0.48, 0.04], random),
    loggedIn: random.next() < 0.8,
    activity: Math.exp(0.7 * random.gaussian()),
  };
}

function normaliseActivity(viewers: Viewer[]): Viewer[] {
  const total = viewers.reduce((sum, viewer) => sum + viewer.activity, 0);
  return viewers.map((viewer) => ({ ...viewer, activity: viewer.activity / total }));
}

function drawStyle(random: Random): Float64Array {
  return Float64Array.from({ length: STYLE_DIMENSIONS }, () => random.gaussian() / Math.sqrt(STYLE_DIMENSIONS));
}

/** @returns an index, drawn in proportion to the weights; weights need not sum to one but must not all be zero */
export function pickWeighted(weights: ArrayLike<number>, random: Random): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i];
  let left = random.next() * total;
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i];
    if (left < 0) return i;
  }
  for (let i = weights.length - 1; i >= 0; i--) if (weights[i] > 0) return i;
  throw new RangeError('every weight is zero');
}

export function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[random.nextInt(items.length)];
}

const capitalise = (word: string) => word[0].toUpperCase() + word.slice(1);
