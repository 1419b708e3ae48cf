/**
 * A world made to be served, not learned: a million videos in clusters of taste, viewers who watch mostly what lies in theirs.
 * All of it follows from the options. Vectors are those of the documented generator (`index/vectors.ts`), a video's cluster
 * decides on its topics and its channel; a viewer has one to three clusters of taste, from which four of five videos come
 * that the viewer is shown, the early ones of a cluster the most; the rest from all.
 */
import type { Availability, Profile, VideoFacts } from '@watchnext/contract';
import { DAY_MS } from '@watchnext/features';
import { createRandom, type Random } from '@watchnext/learning';
import { generateVectors } from '../../index/vectors';

export interface MadeWorldOptions {
  readonly videos: number;
  readonly users: number;
  readonly dimensions: number;
  readonly seed: number;
  /** The present, in milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Clusters of taste. */
const CENTRES = 1_000;
const TOPICS_COUNT = 400;
const CHANNELS_PER_CLUSTER = 1 / 50;
const UPLOADS_OVER_DAYS = 700;
const HISTORY_DAYS = 60;
const COUNTRIES = ['US', 'DE', 'SE', 'IN', 'BR', 'JP'];
/** One video in so many is limited to some countries, and one is withdrawn after the training. */
const LIMITED_ONE_IN = 50;
const WITHDRAWN_ONE_IN = 2_000;

/** One list that a viewer was shown, and how far each of its videos was watched. */
export interface ShownList {
  readonly atMs: number;
  readonly videos: readonly number[];
  /** Of each video, in seconds; 0: not watched. */
  readonly watchSeconds: readonly number[];
}

export class MadeWorld {
  /** [videos, dimensions], on shared memory. */
  readonly vectors: Float32Array;
  private readonly clusters: Int32Array;
  /** Videos of each cluster. */
  private readonly members: readonly Int32Array[];
  private readonly random: Random;

  constructor(readonly options: MadeWorldOptions) {
    const { videos, dimensions, seed } = options;
    const made = generateVectors({ count: videos, queryCount: 0, dimensions, seed, centreCount: CENTRES });
    this.vectors = made.vectors;
    this.clusters = made.clusters;
    this.members = byCluster(made.clusters);
    this.random = createRandom(seed).fork('made world');
  }

  static videoId = (video: number) => `video-${video}`;
  static userId = (user: number) => `viewer-${user}`;

  get videoIds(): string[] {
    return Array.from({ length: this.options.videos }, (_, video) => MadeWorld.videoId(video));
  }

  factsOf(video: number): VideoFacts {
    const cluster = this.clusters[video]!;
    // Any number that looks drawn and follows from the video alone.
    const mixed = Math.imul(video + 1, 0x9e3779b1) >>> 0;
    const channels = Math.max(1, Math.round(this.members[cluster]!.length * CHANNELS_PER_CLUSTER));
    return {
      channelId: `channel-${cluster}-${mixed % channels}`,
      topics: [`topic-${cluster % TOPICS_COUNT}`, `topic-${(cluster * 7 + (mixed % 3)) % TOPICS_COUNT}`],
      durationSeconds: 30 + (mixed % 1_771),
      uploadedAtMs: this.options.nowMs - Math.floor((mixed / 2 ** 32) * UPLOADS_OVER_DAYS * DAY_MS),
    };
  }

  availabilityOf(video: number): Availability | undefined {
    if (video % LIMITED_ONE_IN !== 7) return undefined;
    return { countries: [], excludedCountries: [COUNTRIES[video % COUNTRIES.length]!], minimumAgeYears: 0 };
  }

  isWithdrawn(video: number): boolean {
    return video % WITHDRAWN_ONE_IN === 11;
  }

  profileOf(user: number): Profile {
    return {
      country: COUNTRIES[user % COUNTRIES.length]!,
      language: 'en',
      ageYears: 16 + (user % 60),
      gender: user % 3,
      blockedChannelIds: [],
    };
  }

  /** What a viewer was shown over the last days, the oldest list first; 3 to 60 lists of ten, 18 on average. */
  historyOf(user: number): ShownList[] {
    const random = this.random.fork(`viewer ${user}`);
    const tastes = Array.from({ length: 1 + random.nextInt(3) }, () => this.drawCluster(random));
    const count = Math.min(60, Math.max(3, Math.round(Math.exp(2.6 + 0.75 * random.gaussian()))));
    const moments = Array.from({ length: count }, () => random.next()).sort((a, b) => b - a);
    return moments.map((age) => {
      const videos = new Set<number>();
      for (let tries = 0; videos.size < 10 && tries < 40; tries++) {
        videos.add(
          random.next() < 0.8
            ? this.drawFrom(tastes[random.nextInt(tastes.length)]!, random)
            : random.nextInt(this.options.videos),
        );
      }
      const shown = [...videos];
      const watchSeconds = shown.map((video) =>
        random.next() < 0.2 ? this.factsOf(video).durationSeconds * (0.1 + 0.9 * random.next()) : 0,
      );
      return { atMs: Math.floor(this.options.nowMs - age * HISTORY_DAYS * DAY_MS), videos: shown, watchSeconds };
    });
  }

  private drawCluster(random: Random): number {
    for (;;) {
      const cluster = random.nextInt(CENTRES);
      if (this.members[cluster]!.length > 0) return cluster;
    }
  }

  /** The early ones of a cluster are its hits. */
  private drawFrom(cluster: number, random: Random): number {
    const members = this.members[cluster]!;
    return members[Math.floor(members.length * random.next() ** 2.5)]!;
  }
}

function byCluster(clusters: Int32Array): Int32Array[] {
  const sizes = new Int32Array(CENTRES);
  for (const cluster of clusters) sizes[cluster]!++;
  const members = Array.from(sizes, (size) => new Int32Array(size));
  const filled = new Int32Array(CENTRES);
  clusters.forEach((cluster, video) => (members[cluster]![filled[cluster]!++] = video));
  return members;
}
