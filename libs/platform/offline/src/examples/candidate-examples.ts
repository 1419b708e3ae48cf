/**
 * Candidate examples in columns. Of a user's examples one after the other, each history is mostly the one before it, a video
 * longer and perhaps one shorter at its beginning: then it takes that one video. As objects with histories of their own, the examples
 * of ten million events would take ten gigabytes.
 */
import type { CandidateExample, CandidateFeatures } from '@watchnext/features';
import { bytes, doubles, TextTable, wholes } from './columns';

type Person = Omit<CandidateFeatures, 'watchedVideoIds' | 'watchedAtMs' | 'searchTokens'>;

export class CandidateExamples {
  private readonly users = new TextTable();
  private readonly videos = new TextTable();
  private readonly userOf = wholes();
  private readonly labelOf = wholes();
  private readonly labelAtMs = doubles();
  /** Ranges of `watched`, which holds numbers of videos. */
  private readonly historyStart = wholes();
  private readonly historyLength = bytes();
  private readonly watched = wholes();
  /** Beside `watched`; empty without times. */
  private readonly watchedAtMs = doubles();
  /** Rows share what their neighbours have. */
  private readonly tokensOf = wholes();
  private readonly tokenLists: (readonly string[])[] = [];
  private readonly personOf = wholes();
  private readonly persons: Person[] = [];

  /** @param withWatchTimes whether the examples say when their videos were watched */
  constructor(private readonly withWatchTimes = false) {}

  /** @param example whose history has at most 255 watches; it is not kept */
  add({ userId, labelVideoId, labelAtMs, features }: CandidateExample): void {
    this.userOf.push(this.users.numberOf(userId));
    // Before the label: what is new in a history is mostly the label before it, whose number is at hand.
    this.addHistory(features);
    this.labelOf.push(this.videos.numberOf(labelVideoId));
    this.labelAtMs.push(labelAtMs);
    this.tokensOf.push(this.numberOfTokens(features.searchTokens));
    this.personOf.push(this.numberOfPerson(features));
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

  private addHistory({ watchedVideoIds, watchedAtMs = [] }: CandidateFeatures): void {
    const times = this.withWatchTimes ? watchedAtMs : [];
    const start = this.startOfContinued(watchedVideoIds, times);
    for (let i = this.watched.length - start; i < watchedVideoIds.length; i++) {
      this.watched.push(this.videos.numberOf(watchedVideoIds[i]));
      if (this.withWatchTimes) this.watchedAtMs.push(times[i]);
    }
    this.historyStart.push(start);
    this.historyLength.push(watchedVideoIds.length);
  }

  /** Where in `watched` the new history begins, all that is there from it on being its own: at the end if it begins anew. */
  private startOfContinued(videoIds: readonly string[], times: readonly number[]): number {
    const { watched, videos, historyStart } = this;
    const end = watched.length;
    if (historyStart.length === 0) return end;
    const isOwn = (at: number, i: number) =>
      videos.texts[watched.at(at)] === videoIds[i] && (!this.withWatchTimes || this.watchedAtMs.at(at) === times[i]);
    const before = historyStart.at(historyStart.length - 1);
    for (let start = Math.max(before, end - videoIds.length); start < end; start++) {
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
