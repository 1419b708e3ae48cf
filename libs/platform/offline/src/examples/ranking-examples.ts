/** Ranking examples in columns; those of a list share what the list says, those of a video what it was. */
import {
  RANKING_VIDEO_NUMBERS,
  type RankingExample,
  type RankingUserFeatures,
  type RankingVideoFeatures,
} from '@watchnext/features';
import { doubles, OptionalDoubles, TextTable, wholes } from './columns';
import { IdsOfImpressions } from './ids-of-impressions';
import { NumberRows } from './number-rows';
import { RankingLists } from './ranking-lists';
import { type Shown, ShownVideos } from './shown-videos';

export class RankingExamples {
  private readonly videoNumbers = new NumberRows(RANKING_VIDEO_NUMBERS.length);
  private readonly lists = new RankingLists();
  /** The last list's, to tell whether the next example is of it. */
  private lastUser: RankingUserFeatures | undefined;
  private lastAsked: { readonly list: number; readonly user: RankingUserFeatures } | undefined;
  private readonly shown: ShownVideos;
  private readonly sources = new TextTable();
  private readonly impressionIds = new IdsOfImpressions();
  private readonly listOf = wholes();
  private readonly positionOf = wholes();
  private readonly shownOf = wholes();
  private readonly sourceOf = wholes();
  private readonly numbersOf = wholes();
  private readonly clickedOf = wholes();
  private readonly watchSecondsOf = doubles();
  private readonly scoreOf = new OptionalDoubles();
  private readonly checksumOf = new OptionalDoubles();

  /** @param videos in which whoever adds with numbers has numbered the videos */
  constructor(private readonly videos = new TextTable()) {
    this.shown = new ShownVideos(videos);
  }

  /**
   * @param example it is not kept
   * @param videoNumber its video's, in the table that was given
   * @returns a number for what the video was when it was shown: its channel and its topics
   */
  add(example: RankingExample, videoNumber = this.videos.numberOf(example.video.videoId)): number {
    const { video, served } = example;
    const shown = this.shown.numberOf(video, videoNumber);
    this.listOf.push(this.numberOfList(example));
    this.impressionIds.add(example);
    this.positionOf.push(example.position);
    this.shownOf.push(shown);
    this.sourceOf.push(this.sources.numberOf(video.source));
    this.numbersOf.push(this.videoNumbers.add(video.numbers));
    this.clickedOf.push(example.clicked ? 1 : 0);
    this.watchSecondsOf.push(example.watchSeconds);
    this.scoreOf.push(served.score);
    this.checksumOf.push(served.featuresChecksum);
    return shown;
  }

  /** As `add` gives it, of what is no example. */
  numberOfShown(video: Shown, videoNumber = this.videos.numberOf(video.videoId)): number {
    return this.shown.numberOf(video, videoNumber);
  }

  /** Each reads what it is asked for out of the columns. */
  list(): RankingExample[] {
    return Array.from({ length: this.listOf.length }, (_, row) => new Row(this, row));
  }

  userId(row: number): string {
    return this.lists.userId(this.listOf.at(row));
  }

  requestId(row: number): string {
    return this.lists.requestId(this.listOf.at(row));
  }

  pageId(row: number): string {
    return this.lists.pageId(this.listOf.at(row));
  }

  servedAtMs(row: number): number {
    return this.lists.servedAtMs(this.listOf.at(row));
  }

  impressionId(row: number): string {
    return this.impressionIds.at(row, this.requestId(row));
  }

  position(row: number): number {
    return this.positionOf.at(row);
  }

  clicked(row: number): boolean {
    return this.clickedOf.at(row) === 1;
  }

  watchSeconds(row: number): number {
    return this.watchSecondsOf.at(row);
  }

  /** The same for impressions of a list that are asked for one after the other: who works on users does so once for each list. */
  user(row: number): RankingUserFeatures {
    const list = this.listOf.at(row);
    if (this.lastAsked?.list === list) return this.lastAsked.user;
    this.lastAsked = { list, user: this.lists.user(list) };
    return this.lastAsked.user;
  }

  video(row: number): RankingVideoFeatures {
    const source = this.sources.texts[this.sourceOf.at(row)];
    return new VideoRow(this.shown.at(this.shownOf.at(row)), source, this.videoNumbers, this.numbersOf.at(row));
  }

  served(row: number): RankingExample['served'] {
    return {
      snapshotId: this.lists.snapshotId(this.listOf.at(row)),
      score: this.scoreOf.at(row),
      featuresChecksum: this.checksumOf.at(row),
    };
  }

  private numberOfList(example: RankingExample): number {
    const { lists } = this;
    // Features are taken once for each list.
    if (example.user === this.lastUser) return lists.length - 1;
    this.lastUser = example.user;
    return lists.add(example);
  }
}

/** Makes its numbers anew each time. */
class VideoRow implements RankingVideoFeatures {
  readonly videoId: string;
  readonly channelId: string;
  readonly topics: readonly string[];
  readonly source: string;
  readonly #rows: NumberRows;
  readonly #place: number;

  constructor({ videoId, channelId, topics }: Shown, source: string, rows: NumberRows, place: number) {
    this.videoId = videoId;
    this.channelId = channelId;
    this.topics = topics;
    this.source = source;
    this.#rows = rows;
    this.#place = place;
  }

  get numbers(): Float64Array {
    return this.#rows.at(this.#place);
  }
}

class Row implements RankingExample {
  readonly #examples: RankingExamples;
  readonly #row: number;

  constructor(examples: RankingExamples, row: number) {
    this.#examples = examples;
    this.#row = row;
  }

  get userId(): string {
    return this.#examples.userId(this.#row);
  }

  get requestId(): string {
    return this.#examples.requestId(this.#row);
  }

  get pageId(): string {
    return this.#examples.pageId(this.#row);
  }

  get impressionId(): string {
    return this.#examples.impressionId(this.#row);
  }

  get servedAtMs(): number {
    return this.#examples.servedAtMs(this.#row);
  }

  get position(): number {
    return this.#examples.position(this.#row);
  }

  get user(): RankingUserFeatures {
    return this.#examples.user(this.#row);
  }

  get video(): RankingVideoFeatures {
    return this.#examples.video(this.#row);
  }

  get clicked(): boolean {
    return this.#examples.clicked(this.#row);
  }

  get watchSeconds(): number {
    return this.#examples.watchSeconds(this.#row);
  }

  get served(): RankingExample['served'] {
    return this.#examples.served(this.#row);
  }
}
