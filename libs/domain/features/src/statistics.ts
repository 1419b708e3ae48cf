/** What is known of videos, channels and topics from everybody's impressions: collected in training, carried in snapshots. */
import { DailyCounts } from './daily-counts';
import { packStatistics, statisticsFromPacked } from './packed-statistics';
import type { ImpressionCounts, Statistics } from './types';

/** The video of an impression, and where it was shown. */
export interface ShownVideo {
  readonly videoId: string;
  /** Empty where not known. */
  readonly channelId: string;
  readonly topics: readonly string[];
  readonly surface: string;
  /** Of the viewer; empty where not known. */
  readonly country: string;
}

/** Where the counts of a video lie that is shown somewhere: found once by who adds many of its impressions. */
export interface ShownPlace {
  readonly surface: string;
  readonly country: string;
  /**
   * Rows of the video, of it on the surface, of its channel where that is known, then, where the country is known too, of the
   * channel in it, of the country and of all countries, then of the video's topics.
   */
  readonly rows: readonly number[];
}

/** Stands for all countries. */
export const EVERYWHERE = '';

const NO_ROW = -1;
/** Where in `ShownPlace.rows` the topics begin. */
const FIRST_TOPIC = 6;

/** Statistics as JSON, as a snapshot carries them. */
export interface StatisticsTables {
  readonly videos: Readonly<Record<string, ImpressionCounts>>;
  readonly channels: Readonly<Record<string, ImpressionCounts>>;
  readonly topics: Readonly<Record<string, ImpressionCounts>>;
  /** By surface, then by video. */
  readonly surfaces: Readonly<Record<string, Readonly<Record<string, ImpressionCounts>>>>;
  /** By country, then by channel. */
  readonly countries: Readonly<Record<string, Readonly<Record<string, ImpressionCounts>>>>;
  /** Over all channels, by country; of all countries together by `EVERYWHERE`. */
  readonly wholeCountries: Readonly<Record<string, ImpressionCounts>>;
}

export const NO_STATISTICS: StatisticsTables = {
  videos: {},
  channels: {},
  topics: {},
  surfaces: {},
  countries: {},
  wholeCountries: {},
};

/** Looks up what `tables` hold. @throws as `packStatistics` */
export const statisticsFrom = (tables: StatisticsTables): Statistics => statisticsFromPacked(packStatistics(tables));

/** Collects impressions and watches in any order, then counts those of the whole days before any moment, as `DailyCounts` does. */
export class StatisticsTimeline {
  private readonly videos = new DailyCounts();
  private readonly channels = new DailyCounts();
  private readonly topics = new DailyCounts();
  private readonly surfaces = new Map<string, DailyCounts>();
  private readonly countries = new Map<string, DailyCounts>();
  private readonly wholeCountries = new DailyCounts();

  /** @param watchSeconds what followed from the impression; 0 when not clicked */
  addImpression(servedAtMs: number, shown: ShownVideo, clicked: boolean, watchSeconds: number): void {
    this.addImpressionAt(servedAtMs, this.placeOf(shown), clicked, watchSeconds);
  }

  /** Ask for it only to add an impression there. */
  placeOf({ videoId, channelId, topics, surface, country }: ShownVideo): ShownPlace {
    const isInCountry = channelId !== '' && country !== '';
    const rows = [
      this.videos.rowOf(videoId),
      within(this.surfaces, surface).rowOf(videoId),
      channelId === '' ? NO_ROW : this.channels.rowOf(channelId),
      isInCountry ? within(this.countries, country).rowOf(channelId) : NO_ROW,
      isInCountry ? this.wholeCountries.rowOf(country) : NO_ROW,
      isInCountry ? this.wholeCountries.rowOf(EVERYWHERE) : NO_ROW,
      ...topics.map((topic) => this.topics.rowOf(topic)),
    ];
    return { surface, country, rows };
  }

  /** @param place as `placeOf` gives it */
  addImpressionAt(servedAtMs: number, place: ShownPlace, clicked: boolean, watchSeconds: number): void {
    const { surface, country, rows } = place;
    const [video, onSurface, channel, inCountry, inWholeCountry, everywhere] = rows;
    const count = (counts: DailyCounts, row: number) => counts.addImpression(row, servedAtMs, clicked, watchSeconds);
    count(this.videos, video);
    count(within(this.surfaces, surface), onSurface);
    if (channel !== NO_ROW) count(this.channels, channel);
    for (let i = FIRST_TOPIC; i < rows.length; i++) count(this.topics, rows[i]);
    if (inCountry !== NO_ROW) {
      count(within(this.countries, country), inCountry);
      count(this.wholeCountries, inWholeCountry);
      count(this.wholeCountries, everywhere);
    }
  }

  /** One playback of a video, from wherever it came. */
  addWatch(atMs: number, videoId: string): void {
    this.addWatchOf(this.rowOfVideo(videoId), atMs);
  }

  /** Ask for it only to add a playback to it. */
  rowOfVideo(videoId: string): number {
    return this.videos.rowOf(videoId);
  }

  /** @param row as `rowOfVideo` gives it */
  addWatchOf(row: number, atMs: number): void {
    this.videos.addWatch(row, atMs);
  }

  asOf(atMs: number): Statistics {
    return {
      ofChannelIn: (country, channelId) => this.countries.get(country)?.asOf(channelId, atMs),
      impressionCountIn: (country) => this.wholeCountries.asOf(country, atMs)?.impressionCount ?? 0,
      ofVideo: (videoId) => this.videos.asOf(videoId, atMs),
      ofVideoOn: (surface, videoId) => this.surfaces.get(surface)?.asOf(videoId, atMs),
      ofChannel: (channelId) => this.channels.asOf(channelId, atMs),
      ofTopic: (topic) => this.topics.asOf(topic, atMs),
    };
  }

  /** The same for a snapshot; by default everything, the last day too. */
  tables(atMs = Infinity): StatisticsTables {
    const all = (counts: DailyCounts) => Object.fromEntries(counts.allAsOf(atMs));
    const nested = (maps: ReadonlyMap<string, DailyCounts>) =>
      Object.fromEntries([...maps].map(([name, counts]) => [name, all(counts)]));
    return {
      videos: all(this.videos),
      channels: all(this.channels),
      topics: all(this.topics),
      surfaces: nested(this.surfaces),
      countries: nested(this.countries),
      wholeCountries: all(this.wholeCountries),
    };
  }
}

function within(maps: Map<string, DailyCounts>, name: string): DailyCounts {
  let counts = maps.get(name);
  if (!counts) maps.set(name, (counts = new DailyCounts()));
  return counts;
}
