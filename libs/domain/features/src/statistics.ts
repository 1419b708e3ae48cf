/** What is known of videos, channels and topics from everybody's impressions: collected in training, carried in snapshots. */
import { type CountsByRow, DailyCounts } from './daily-counts';
import { packStatistics, statisticsFromPacked } from './packed-statistics';
import { PartialCounts } from './partial-counts';
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

/** Where an impression is counted: a row of each table, `NO_ROW` where it is in none. */
export interface ShownPlace {
  video: number;
  surface: PartialCounts;
  /** Of the video on the surface. */
  onSurface: number;
  channel: number;
  /** Where it and the channel are known. */
  country: PartialCounts | undefined;
  /** Of the channel in the country, then of all of that. */
  inCountry: number;
  wholeCountry: number;
  topics: readonly number[];
}

/** Stands for all countries. */
export const EVERYWHERE = '';

export const NO_ROW = -1;

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
  /** For who counts the same again and again, and keeps the rows: a row is to be asked for only to be counted in. */
  readonly videos = new DailyCounts();
  readonly channels = new DailyCounts();
  readonly topics = new DailyCounts();
  /** By country, of its known channels. */
  readonly wholeCountries = new DailyCounts();
  private readonly surfaces = new Map<string, PartialCounts>();
  private readonly countries = new Map<string, PartialCounts>();
  /** Row of all countries together. */
  private everywhere: number | undefined;

  /** @param watchSeconds what followed from the impression; 0 when not clicked */
  addImpression(servedAtMs: number, shown: ShownVideo, clicked: boolean, watchSeconds: number): void {
    this.addImpressionAt(servedAtMs, this.placeOf(shown), clicked, watchSeconds);
  }

  /** Of videos shown on the surface. */
  onSurface(surface: string): PartialCounts {
    return within(this.surfaces, surface, this.videos);
  }

  /** Of channels shown in the country. */
  inCountry(country: string): PartialCounts {
    return within(this.countries, country, this.channels);
  }

  /** @param place whose rows are of this timeline's tables; it is not kept */
  addImpressionAt(servedAtMs: number, place: Readonly<ShownPlace>, clicked: boolean, watchSeconds: number): void {
    const { channel, country, topics } = place;
    this.videos.addImpression(place.video, servedAtMs, clicked, watchSeconds);
    place.surface.addImpression(place.onSurface, servedAtMs, clicked, watchSeconds);
    if (channel !== NO_ROW) this.channels.addImpression(channel, servedAtMs, clicked, watchSeconds);
    for (let i = 0; i < topics.length; i++) this.topics.addImpression(topics[i], servedAtMs, clicked, watchSeconds);
    if (country !== undefined) {
      country.addImpression(place.inCountry, servedAtMs, clicked, watchSeconds);
      this.wholeCountries.addImpression(place.wholeCountry, servedAtMs, clicked, watchSeconds);
      this.wholeCountries.addImpression(this.everywhereRow(), servedAtMs, clicked, watchSeconds);
    }
  }

  /** One playback of a video, from wherever it came. */
  addWatch(atMs: number, videoId: string): void {
    this.videos.addWatch(this.videos.rowOf(videoId), atMs);
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
    const all = (counts: CountsByRow) => Object.fromEntries(counts.allAsOf(atMs));
    const nested = (maps: ReadonlyMap<string, CountsByRow>) =>
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

  /** Made after the row of the first country, as entries stand in the order of their rows. */
  private everywhereRow(): number {
    return (this.everywhere ??= this.wholeCountries.rowOf(EVERYWHERE));
  }

  private placeOf({ videoId, channelId, topics, surface, country }: ShownVideo): ShownPlace {
    const isInCountry = channelId !== '' && country !== '';
    const counts = this.onSurface(surface);
    const ofCountry = isInCountry ? this.inCountry(country) : undefined;
    return {
      video: this.videos.rowOf(videoId),
      surface: counts,
      onSurface: counts.rowOf(videoId),
      channel: channelId === '' ? NO_ROW : this.channels.rowOf(channelId),
      country: ofCountry,
      inCountry: ofCountry?.rowOf(channelId) ?? NO_ROW,
      wholeCountry: isInCountry ? this.wholeCountries.rowOf(country) : NO_ROW,
      topics: topics.map((topic) => this.topics.rowOf(topic)),
    };
  }
}

function within(parts: Map<string, PartialCounts>, name: string, whole: DailyCounts): PartialCounts {
  let counts = parts.get(name);
  if (!counts) parts.set(name, (counts = new PartialCounts(whole)));
  return counts;
}
