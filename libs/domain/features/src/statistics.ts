/** What is known of videos, channels and topics from everybody's impressions: collected in training, carried in snapshots. */
import { DailyCounts } from './daily-counts';
import type { ImpressionCounts, Statistics } from './types';

/** The video of an impression, and where it was shown. */
export interface ShownVideo {
  readonly videoId: string;
  /** Empty where not known. */
  readonly channelId: string;
  readonly topics: readonly string[];
  readonly surface: string;
}

/** Statistics as JSON, as a snapshot carries them. */
export interface StatisticsTables {
  readonly videos: Readonly<Record<string, ImpressionCounts>>;
  readonly channels: Readonly<Record<string, ImpressionCounts>>;
  readonly topics: Readonly<Record<string, ImpressionCounts>>;
  /** By surface, then by video. */
  readonly surfaces: Readonly<Record<string, Readonly<Record<string, ImpressionCounts>>>>;
}

export const NO_STATISTICS: StatisticsTables = { videos: {}, channels: {}, topics: {}, surfaces: {} };

/** Looks up what `tables` hold. */
export function statisticsFrom({ videos, channels, topics, surfaces }: StatisticsTables): Statistics {
  // Maps, since a video may be called "constructor".
  const mapOf = <Value>(record: Readonly<Record<string, Value>>) => new Map(Object.entries(record));
  const [ofVideos, ofChannels, ofTopics] = [videos, channels, topics].map(mapOf<ImpressionCounts>);
  const ofSurfaces = new Map(Object.entries(surfaces).map(([surface, record]) => [surface, mapOf(record)]));
  return {
    ofVideo: (videoId) => ofVideos.get(videoId),
    ofVideoOn: (surface, videoId) => ofSurfaces.get(surface)?.get(videoId),
    ofChannel: (channelId) => ofChannels.get(channelId),
    ofTopic: (topic) => ofTopics.get(topic),
  };
}

/** Collects impressions and watches in any order, then tells what was known at any moment, by whole days before it. */
export class StatisticsTimeline {
  private readonly videos = new DailyCounts();
  private readonly channels = new DailyCounts();
  private readonly topics = new DailyCounts();
  private readonly surfaces = new Map<string, DailyCounts>();

  /** @param watchSeconds what followed from the impression; 0 when not clicked */
  addImpression(servedAtMs: number, shown: ShownVideo, clicked: boolean, watchSeconds: number): void {
    let ofSurface = this.surfaces.get(shown.surface);
    if (!ofSurface) this.surfaces.set(shown.surface, (ofSurface = new DailyCounts()));
    const counted = [this.videos.of(shown.videoId, servedAtMs), ofSurface.of(shown.videoId, servedAtMs)];
    if (shown.channelId !== '') counted.push(this.channels.of(shown.channelId, servedAtMs));
    for (const topic of shown.topics) counted.push(this.topics.of(topic, servedAtMs));
    for (const counts of counted) {
      counts.impressionCount++;
      if (!clicked) continue;
      counts.clickCount++;
      counts.clickWatchSeconds += watchSeconds;
    }
  }

  /** One playback of a video, from wherever it came. */
  addWatch(atMs: number, videoId: string): void {
    this.videos.of(videoId, atMs).watchCount++;
  }

  asOf(atMs: number): Statistics {
    return {
      ofVideo: (videoId) => this.videos.asOf(videoId, atMs),
      ofVideoOn: (surface, videoId) => this.surfaces.get(surface)?.asOf(videoId, atMs),
      ofChannel: (channelId) => this.channels.asOf(channelId, atMs),
      ofTopic: (topic) => this.topics.asOf(topic, atMs),
    };
  }

  /** The same for a snapshot; by default everything, the last day too. */
  tables(atMs = Infinity): StatisticsTables {
    const all = (counts: DailyCounts) => Object.fromEntries(counts.allAsOf(atMs));
    return {
      videos: all(this.videos),
      channels: all(this.channels),
      topics: all(this.topics),
      surfaces: Object.fromEntries([...this.surfaces].map(([surface, counts]) => [surface, all(counts)])),
    };
  }
}
