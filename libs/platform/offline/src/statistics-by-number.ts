import type { RankingExample, ShownPlace, StatisticsTimeline } from '@watchnext/features';

const NO_ROW = -1;

/** Where a video's counts lie, kept by its number: as texts they are looked up once for each, not once for each event. */
export class StatisticsByNumber {
  /** By the video's number. */
  private readonly rows: number[] = [];
  /** By surface, and by the number of what was shown there: the place in the country where that was last. */
  private readonly placesBySurface = new Map<string, (ShownPlace | undefined)[]>();
  private lastSurface: string | undefined;
  private lastPlaces: (ShownPlace | undefined)[] = [];

  constructor(private readonly statistics: StatisticsTimeline) {}

  /** @param shown number of the video with its channel and topics, the same for the same */
  addImpression({ video, user, servedAtMs, clicked, watchSeconds }: RankingExample, shown: number): void {
    const { surface, country } = user;
    const places = this.placesOn(surface);
    while (places.length <= shown) places.push(undefined);
    let place = places[shown];
    if (place?.country !== country) {
      const { videoId, channelId, topics } = video;
      place = places[shown] = this.statistics.placeOf({ videoId, channelId, topics, surface, country });
    }
    this.statistics.addImpressionAt(servedAtMs, place, clicked, watchSeconds);
  }

  addWatch(videoId: string, videoNumber: number, atMs: number): void {
    const { rows } = this;
    while (rows.length <= videoNumber) rows.push(NO_ROW);
    if (rows[videoNumber] === NO_ROW) rows[videoNumber] = this.statistics.rowOfVideo(videoId);
    this.statistics.addWatchOf(rows[videoNumber], atMs);
  }

  private placesOn(surface: string): (ShownPlace | undefined)[] {
    if (surface === this.lastSurface) return this.lastPlaces;
    let places = this.placesBySurface.get(surface);
    if (places === undefined) this.placesBySurface.set(surface, (places = []));
    this.lastSurface = surface;
    this.lastPlaces = places;
    return places;
  }
}
