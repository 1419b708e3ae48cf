/** Ranking examples in columns; those of a list share what the list says, those of a video what it was. */
import {
  RANKING_USER_NUMBERS,
  RANKING_VIDEO_NUMBERS,
  type RankingExample,
  type RankingSearches,
  type RankingUserFeatures,
  type RankingVideoFeatures,
} from '@watchnext/features';
import { bytes, doubles, TextTable, wholes } from './columns';
import { IdsOfImpressions } from './ids-of-impressions';
import { NumberRows } from './number-rows';

type ListOf = Pick<RankingExample, 'userId' | 'requestId' | 'pageId' | 'servedAtMs'> & {
  readonly snapshotId: string;
  readonly user: Omit<RankingUserFeatures, 'numbers'>;
  readonly userNumbers: number;
};

/** A video as it was when it was shown. */
type Shown = Pick<RankingVideoFeatures, 'videoId' | 'channelId' | 'topics'>;

export class RankingExamples {
  private readonly userNumbers = new NumberRows(RANKING_USER_NUMBERS.length);
  private readonly videoNumbers = new NumberRows(RANKING_VIDEO_NUMBERS.length);
  private readonly lists: ListOf[] = [];
  /** The last list's, to tell whether the next example is of it. */
  private lastUser: RankingUserFeatures | undefined;
  private lastAsked: { readonly list: number; readonly user: RankingUserFeatures } | undefined;
  private readonly shown: Shown[] = [];
  /** By the video's number: the last of `shown` that is of it. */
  private readonly lastShown: (number | undefined)[] = [];
  private readonly sources = new TextTable();
  private readonly impressionIds = new IdsOfImpressions();
  private readonly listOf = wholes();
  private readonly positionOf = wholes();
  private readonly shownOf = wholes();
  private readonly sourceOf = wholes();
  private readonly numbersOf = doubles();
  private readonly clickedOf = bytes();
  private readonly watchSecondsOf = doubles();
  /** NaN: none, as no score and no checksum is. */
  private readonly scoreOf = doubles();
  private readonly checksumOf = doubles();

  /** @param videos in which whoever adds with numbers has numbered the videos */
  constructor(private readonly videos = new TextTable()) {}

  /**
   * @param example it is not kept
   * @param videoNumber its video's, in the table that was given
   * @returns a number for what the video was when it was shown: its channel and its topics
   */
  add(example: RankingExample, videoNumber = this.videos.numberOf(example.video.videoId)): number {
    const { video, served } = example;
    const shown = this.numberOfShown(video, videoNumber);
    this.listOf.push(this.numberOfList(example));
    this.impressionIds.add(example);
    this.positionOf.push(example.position);
    this.shownOf.push(shown);
    this.sourceOf.push(this.sources.numberOf(video.source));
    this.numbersOf.push(this.videoNumbers.add(video.numbers));
    this.clickedOf.push(example.clicked ? 1 : 0);
    this.watchSecondsOf.push(example.watchSeconds);
    this.scoreOf.push(served.score ?? NaN);
    this.checksumOf.push(served.featuresChecksum ?? NaN);
    return shown;
  }

  /** Each reads what it is asked for out of the columns. */
  list(): RankingExample[] {
    return Array.from({ length: this.listOf.length }, (_, row) => new Row(this, row));
  }

  listAt(row: number): ListOf {
    return this.lists[this.listOf.at(row)];
  }

  impressionId(row: number): string {
    return this.impressionIds.at(row, this.listAt(row).requestId);
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
    const { user, userNumbers } = this.lists[list];
    this.lastAsked = { list, user: new UserRow(user, this.userNumbers, userNumbers) };
    return this.lastAsked.user;
  }

  video(row: number): RankingVideoFeatures {
    const source = this.sources.texts[this.sourceOf.at(row)];
    return new VideoRow(this.shown[this.shownOf.at(row)], source, this.videoNumbers, this.numbersOf.at(row));
  }

  served(row: number): RankingExample['served'] {
    const [score, featuresChecksum] = [this.scoreOf.at(row), this.checksumOf.at(row)];
    return {
      snapshotId: this.listAt(row).snapshotId,
      score: Number.isNaN(score) ? undefined : score,
      featuresChecksum: Number.isNaN(featuresChecksum) ? undefined : featuresChecksum,
    };
  }

  private numberOfList({ userId, requestId, pageId, servedAtMs, user, served }: RankingExample): number {
    const { lists } = this;
    // Features are taken once for each list.
    if (user === this.lastUser) return lists.length - 1;
    this.lastUser = user;
    const { lastWatchedVideoId, seedVideoId, surface, country, device, searches, numbers } = user;
    lists.push({
      userId,
      requestId,
      pageId,
      servedAtMs,
      snapshotId: served.snapshotId,
      user: { userId: user.userId, lastWatchedVideoId, seedVideoId, surface, country, device, searches },
      userNumbers: this.userNumbers.add(numbers),
    });
    return lists.length - 1;
  }

  private numberOfShown({ videoId, channelId, topics }: RankingVideoFeatures, videoNumber: number): number {
    const known = this.lastShown[videoNumber];
    if (known !== undefined) {
      const last = this.shown[known];
      if (last.channelId === channelId && areSame(last.topics, topics)) return known;
    }
    const number = this.shown.push({ videoId, channelId, topics }) - 1;
    while (this.lastShown.length < videoNumber) this.lastShown.push(undefined);
    this.lastShown[videoNumber] = number;
    return number;
  }
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some === others || (some.length === others.length && some.every((topic, i) => topic === others[i]));
}

/** Makes its numbers when it is asked for them, once for all impressions of a list: who counts ids asks for none. */
class UserRow implements RankingUserFeatures {
  readonly userId: string;
  readonly lastWatchedVideoId: string;
  readonly seedVideoId: string;
  readonly surface: string;
  readonly country: string;
  readonly device: string;
  readonly searches: RankingSearches;
  readonly #rows: NumberRows;
  readonly #place: number;
  #numbers: Float64Array | undefined;

  constructor(user: ListOf['user'], rows: NumberRows, place: number) {
    this.userId = user.userId;
    this.lastWatchedVideoId = user.lastWatchedVideoId;
    this.seedVideoId = user.seedVideoId;
    this.surface = user.surface;
    this.country = user.country;
    this.device = user.device;
    this.searches = user.searches;
    this.#rows = rows;
    this.#place = place;
  }

  get numbers(): Float64Array {
    return (this.#numbers ??= this.#rows.at(this.#place));
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
    return this.#examples.listAt(this.#row).userId;
  }

  get requestId(): string {
    return this.#examples.listAt(this.#row).requestId;
  }

  get pageId(): string {
    return this.#examples.listAt(this.#row).pageId;
  }

  get impressionId(): string {
    return this.#examples.impressionId(this.#row);
  }

  get servedAtMs(): number {
    return this.#examples.listAt(this.#row).servedAtMs;
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
