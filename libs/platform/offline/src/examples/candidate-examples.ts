/**
 * Candidate examples in columns. Of a user's examples one after the other, each history is mostly the one before it, a video
 * longer and perhaps one shorter at its beginning: then it takes that one video. As objects with histories of their own, the examples
 * of ten million events would take ten gigabytes.
 */
import type { CandidateCircumstances, CandidateExample, CandidateFeatures, HistoryRange } from '@watchnext/features';
import { doubles, TextTable, wholes } from './columns';

type Person = Omit<CandidateCircumstances, 'searchTokens'>;

const NO_HISTORY: HistoryRange = { videoIds: [], startedAtMs: [], from: 0, to: 0 };

export class CandidateExamples {
  private readonly users = new TextTable();
  private readonly userOf = wholes();
  private readonly labelOf = wholes();
  private readonly labelAtMs = doubles();
  /** Ranges of `watched`, which holds numbers of videos. */
  private readonly historyStart = wholes();
  private readonly historyLength = wholes();
  private readonly watched = wholes();
  /** Beside `watched`; empty without times. */
  private readonly watchedAtMs = doubles();
  /** Rows share what their neighbours have. */
  private readonly tokensOf = wholes();
  private readonly tokenLists: (readonly string[])[] = [];
  private readonly personOf = wholes();
  private readonly persons: Person[] = [];
  /** Of the last example. */
  private lastHistory = NO_HISTORY;
  private lastCircumstances: CandidateCircumstances | undefined;
  private lastTokens = 0;
  private lastPerson = 0;

  /**
   * @param withWatchTimes whether the examples say when their videos were watched
   * @param videos in which whoever adds by `addLabel` has numbered the videos
   */
  constructor(
    private readonly withWatchTimes = false,
    private readonly videos = new TextTable(),
  ) {}

  /** @param example it is not kept */
  add({ userId, labelVideoId, labelAtMs, features }: CandidateExample): void {
    const { watchedVideoIds, watchedAtMs = [] } = features;
    const history = { videoIds: watchedVideoIds, startedAtMs: watchedAtMs, from: 0, to: watchedVideoIds.length };
    this.addLabel(userId, this.videos.numberOf(labelVideoId), labelAtMs, history, features);
  }

  /**
   * The same of an example that is not made yet.
   * @param videoNumber the label's, in the table that was given
   */
  addLabel(
    userId: string,
    videoNumber: number,
    labelAtMs: number,
    history: HistoryRange,
    circumstances: CandidateCircumstances,
  ): void {
    this.userOf.push(this.users.numberOf(userId));
    this.addHistory(history);
    this.labelOf.push(videoNumber);
    // What is new in the next history is mostly this label.
    this.videos.use(videoNumber);
    this.labelAtMs.push(labelAtMs);
    if (circumstances !== this.lastCircumstances) {
      this.lastCircumstances = circumstances;
      this.lastTokens = this.numberOfTokens(circumstances.searchTokens);
      this.lastPerson = this.numberOfPerson(circumstances);
    }
    this.tokensOf.push(this.lastTokens);
    this.personOf.push(this.lastPerson);
  }

  /** Each reads what it is asked for out of the columns. */
  list(): CandidateExample[] {
    return Array.from({ length: this.labelAtMs.length }, (_, row) => new Row(this, row));
  }

  /** What all histories take together. */
  get historyNumberCount(): number {
    return this.watched.length;
  }

  userId(row: number): string {
    return this.users.texts[this.userOf.at(row)];
  }

  labelVideoId(row: number): string {
    return this.videos.texts[this.labelOf.at(row)];
  }

  labelTime(row: number): number {
    return this.labelAtMs.at(row);
  }

  features(row: number): CandidateFeatures {
    const { country, device, loggedIn, ageYears, gender } = this.persons[this.personOf.at(row)];
    const start = this.historyStart.at(row);
    const positions = Array.from({ length: this.historyLength.at(row) }, (_, i) => start + i);
    return {
      watchedVideoIds: positions.map((at) => this.videos.texts[this.watched.at(at)]),
      ...(this.withWatchTimes ? { watchedAtMs: positions.map((at) => this.watchedAtMs.at(at)) } : {}),
      searchTokens: this.tokenLists[this.tokensOf.at(row)],
      country,
      device,
      loggedIn,
      ageYears,
      gender,
    };
  }

  private addHistory(history: HistoryRange): void {
    const { videoIds, startedAtMs, from, to } = history;
    const start = this.startOfContinued(history);
    for (let i = from + this.watched.length - start; i < to; i++) {
      this.watched.push(this.videos.numberOf(videoIds[i]));
      if (this.withWatchTimes) this.watchedAtMs.push(startedAtMs[i]);
    }
    this.historyStart.push(start);
    this.historyLength.push(to - from);
    this.lastHistory = history;
  }

  /** Where in `watched` the new history begins, all that is there from it on being its own: at the end if it begins anew. */
  private startOfContinued(history: HistoryRange): number {
    const { videoIds, startedAtMs, from, to } = history;
    const { historyStart, lastHistory: last } = this;
    if (historyStart.length === 0) return this.watched.length;
    const before = historyStart.at(historyStart.length - 1);
    // A range of the same lists, which only grow, needs no comparing; `watched` ends with what the last one ended with.
    const isRangeOfSame = videoIds === last.videoIds && startedAtMs === last.startedAtMs;
    if (isRangeOfSame && from >= last.from && from <= last.to && to >= last.to) return before + from - last.from;
    return this.startOfCompared(history, before);
  }

  private startOfCompared({ videoIds, startedAtMs, from, to }: HistoryRange, before: number): number {
    const { watched, videos } = this;
    const end = watched.length;
    const isOwn = (at: number, i: number) =>
      videos.texts[watched.at(at)] === videoIds[from + i] &&
      (!this.withWatchTimes || this.watchedAtMs.at(at) === startedAtMs[from + i]);
    for (let start = Math.max(before, end - (to - from)); start < end; start++) {
      let at = start;
      while (at < end && isOwn(at, at - start)) at++;
      if (at === end) return start;
    }
    return end;
  }

  private numberOfTokens(tokens: readonly string[]): number {
    const { tokenLists } = this;
    const last = tokenLists.length > 0 ? tokenLists[tokenLists.length - 1] : undefined;
    // The same list as long as its user searches nothing; users without searches follow each other.
    if (last !== tokens && !(last?.length === 0 && tokens.length === 0)) tokenLists.push(tokens);
    return tokenLists.length - 1;
  }

  private numberOfPerson({ country, device, loggedIn, ageYears, gender }: Person): number {
    const { persons } = this;
    const last = persons.length > 0 ? persons[persons.length - 1] : undefined;
    const isLast =
      last?.country === country &&
      last.device === device &&
      last.loggedIn === loggedIn &&
      last.ageYears === ageYears &&
      last.gender === gender;
    if (!isLast) persons.push({ country, device, loggedIn, ageYears, gender });
    return persons.length - 1;
  }
}

class Row implements CandidateExample {
  readonly #examples: CandidateExamples;
  readonly #row: number;

  constructor(examples: CandidateExamples, row: number) {
    this.#examples = examples;
    this.#row = row;
  }

  get userId(): string {
    return this.#examples.userId(this.#row);
  }

  get labelVideoId(): string {
    return this.#examples.labelVideoId(this.#row);
  }

  get labelAtMs(): number {
    return this.#examples.labelTime(this.#row);
  }

  get features(): CandidateFeatures {
    return this.#examples.features(this.#row);
  }
}
