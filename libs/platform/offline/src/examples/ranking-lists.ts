/** What the impressions of a list have in common, in columns: a log may hold a million lists. */
import {
  RANKING_USER_NUMBERS,
  type RankingExample,
  type RankingSearches,
  type RankingUserFeatures,
} from '@watchnext/features';
import { doubles, TextTable, wholes } from './columns';
import { NumberRows } from './number-rows';

/** Texts of which there are few, row by row. */
class NamesColumn {
  private readonly numberOf = wholes();

  constructor(private readonly names = new TextTable()) {}

  push(name: string): void {
    this.numberOf.push(this.names.numberOf(name));
  }

  at(row: number): string {
    return this.names.texts[this.numberOf.at(row)];
  }
}

export class RankingLists {
  length = 0;
  private readonly users = new TextTable();
  private readonly userIds = new NamesColumn(this.users);
  private readonly requestIds: string[] = [];
  private readonly pageIds: string[] = [];
  private readonly servedAtMsOf = doubles();
  private readonly snapshotIds = new NamesColumn();
  private readonly userIdsOfFeatures = new NamesColumn(this.users);
  /** Texts that others hold too; looking up which of all videos they are takes longer than all else of a list. */
  private readonly lastWatchedVideoIds: string[] = [];
  private readonly seedVideoIds: string[] = [];
  private readonly surfaces = new NamesColumn();
  private readonly countries = new NamesColumn();
  private readonly devices = new NamesColumn();
  /** The same object as long as its user searches nothing. */
  private readonly searches: RankingSearches[] = [];
  private readonly numbers = new NumberRows(RANKING_USER_NUMBERS.length);
  private readonly numbersOf = wholes();

  /** @returns the list's number */
  add({ userId, requestId, pageId, servedAtMs, user, served }: RankingExample): number {
    this.userIds.push(userId);
    this.requestIds.push(requestId);
    this.pageIds.push(pageId);
    this.servedAtMsOf.push(servedAtMs);
    this.snapshotIds.push(served.snapshotId);
    this.userIdsOfFeatures.push(user.userId);
    this.lastWatchedVideoIds.push(user.lastWatchedVideoId);
    this.seedVideoIds.push(user.seedVideoId);
    this.surfaces.push(user.surface);
    this.countries.push(user.country);
    this.devices.push(user.device);
    this.searches.push(user.searches);
    this.numbersOf.push(this.numbers.add(user.numbers));
    return this.length++;
  }

  userId(list: number): string {
    return this.userIds.at(list);
  }

  requestId(list: number): string {
    return this.requestIds[list];
  }

  pageId(list: number): string {
    return this.pageIds[list];
  }

  servedAtMs(list: number): number {
    return this.servedAtMsOf.at(list);
  }

  snapshotId(list: number): string {
    return this.snapshotIds.at(list);
  }

  user(list: number): RankingUserFeatures {
    const { numbers, numbersOf } = this;
    return new UserRow(
      {
        userId: this.userIdsOfFeatures.at(list),
        lastWatchedVideoId: this.lastWatchedVideoIds[list],
        seedVideoId: this.seedVideoIds[list],
        surface: this.surfaces.at(list),
        country: this.countries.at(list),
        device: this.devices.at(list),
        searches: this.searches[list],
      },
      numbers,
      numbersOf.at(list),
    );
  }
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

  constructor(user: Omit<RankingUserFeatures, 'numbers'>, rows: NumberRows, place: number) {
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
