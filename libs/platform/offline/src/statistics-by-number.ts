import {
  type CountedImpression,
  NO_ROW,
  type PartialCounts,
  type ShownPlace,
  type StatisticsTimeline,
} from '@watchnext/features';

/** Rows of a table of counts, by the numbers of what they are of. */
class Rows {
  private rows = new Int32Array(1_024).fill(NO_ROW);

  at(number: number): number {
    return number < this.rows.length ? this.rows[number] : NO_ROW;
  }

  set(number: number, row: number): void {
    if (number >= this.rows.length) {
      const larger = new Int32Array(Math.max(number + 1, 2 * this.rows.length)).fill(NO_ROW);
      larger.set(this.rows);
      this.rows = larger;
    }
    this.rows[number] = row;
  }
}

interface Country {
  readonly counts: PartialCounts;
  /** Of all of it together. */
  readonly wholeRow: number;
}

const NO_PLACE: Omit<ShownPlace, 'surface'> = {
  video: NO_ROW,
  onSurface: NO_ROW,
  channel: NO_ROW,
  country: undefined,
  inCountry: NO_ROW,
  wholeCountry: NO_ROW,
  topics: [],
};

/**
 * Counts what a replay has numbered: texts are looked up once, not once for each event. A video is shown on several surfaces to viewers
 * of many countries, so a row is kept of it for each surface, and of its channel for each country, not a place for all of them together.
 */
export class StatisticsByNumber {
  /** By the video's number. */
  private readonly videos = new Rows();
  /** By the number of what was shown: the rows of the video and of its channel, and which of `topicLists` it has. */
  private readonly shownVideos = new Rows();
  private readonly shownChannels = new Rows();
  private readonly shownTopics = new Rows();
  /** Rows of topics; each list is there once. */
  private readonly topicLists: (readonly number[])[] = [];
  private readonly topicListOf = new Map<string, number>();
  private readonly countries = new Map<string, Country>();
  /** Of the last impression, used again for the next. */
  private place: ShownPlace | undefined;

  /**
   * @param fromMs the beginning of a UTC day, before which nobody will ask for counts: all days before it are counted as one, so that
   *   they take no more room than a day
   */
  constructor(
    private readonly statistics: StatisticsTimeline,
    private readonly fromMs = -Infinity,
  ) {}

  /** @param shown number of the video with its channel and topics, the same for the same */
  addImpression({ video, user, servedAtMs, clicked, watchSeconds }: CountedImpression, shown: number): void {
    if (this.shownVideos.at(shown) === NO_ROW) this.addShown(video, shown);
    const row = this.shownVideos.at(shown);
    const channel = this.shownChannels.at(shown);
    const surface = this.statistics.onSurface(user.surface);
    const country = channel === NO_ROW || user.country === '' ? undefined : this.inCountry(user.country);
    const place = (this.place ??= { ...NO_PLACE, surface });
    place.video = row;
    place.surface = surface;
    place.onSurface = surface.rowAt(row);
    place.channel = channel;
    place.country = country?.counts;
    if (country !== undefined) {
      place.inCountry = country.counts.rowAt(channel);
      place.wholeCountry = country.wholeRow;
    }
    place.topics = this.topicLists[this.shownTopics.at(shown)];
    this.statistics.addImpressionAt(this.countedAt(servedAtMs), place, clicked, watchSeconds);
  }

  addWatch(videoId: string, videoNumber: number, atMs: number): void {
    const { videos } = this.statistics;
    let row = this.videos.at(videoNumber);
    if (row === NO_ROW) this.videos.set(videoNumber, (row = videos.rowOf(videoId)));
    videos.addWatch(row, this.countedAt(atMs));
  }

  private countedAt(atMs: number): number {
    return Math.max(atMs, this.fromMs - 1);
  }

  private addShown({ videoId, channelId, topics }: CountedImpression['video'], shown: number): void {
    const { statistics, topicLists } = this;
    this.shownVideos.set(shown, statistics.videos.rowOf(videoId));
    if (channelId !== '') this.shownChannels.set(shown, statistics.channels.rowOf(channelId));
    const rows = topics.map((topic) => statistics.topics.rowOf(topic));
    const key = rows.join();
    let list = this.topicListOf.get(key);
    if (list === undefined) this.topicListOf.set(key, (list = topicLists.push(rows) - 1));
    this.shownTopics.set(shown, list);
  }

  private inCountry(name: string): Country {
    let country = this.countries.get(name);
    if (country === undefined) {
      const { statistics } = this;
      country = { counts: statistics.inCountry(name), wholeRow: statistics.wholeCountries.rowOf(name) };
      this.countries.set(name, country);
    }
    return country;
  }
}
