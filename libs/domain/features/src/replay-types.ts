/** What a replay takes and gives. */
import type { Mark, UserState } from '@watchnext/contract';
import type { CandidateCircumstances } from './candidate-features';
import type { HistoryRange } from './completed-history';
import type { Playback } from './labels';
import type { CandidateExample, RankingExample, Refusal, UserRecord } from './types';

export interface ReplayOptions {
  /** A checkpoint to start from; it is copied, not changed. Absent: the user is new. */
  readonly initialState?: UserState;
  /**
   * Where the checkpoint was taken: give it with every `initialState`. A list ranked before it gets no examples,
   * since its state is gone; without the mark such a list cannot be told, and is given the checkpoint's features.
   */
  readonly initialMark?: Mark;
  /** How long after an impression a watch still counts as its outcome. */
  readonly joinWindowMs: number;
  /**
   * How old an impression must be to have its outcome, a watch or none; default: the join window, after which no
   * watch can change it. Shorter where examples are wanted soon and watches follow sooner.
   */
  readonly settledAfterMs?: number;
  /**
   * How old an impression that has no outcome yet must be to be given to `ReplayTaker.counted`, with what has followed so far;
   * default: none is.
   */
  readonly countedAfterMs?: number;
  /**
   * Examples are of this time and later only; default: of any. What came before is in states, labels and counts all the same, so those
   * examples are what they are without this.
   */
  readonly examplesFromMs?: number;
  /** Newest time in the log, but for strays: how old an impression is. `Infinity` settles every impression. */
  readonly logEndMs: number;
  /** Newest time of the strays, by which those later than `logEndMs` are judged; default: `logEndMs`. */
  readonly straysEndMs?: number;
  /** Whether candidate features get the times of watches, which only some models look at; they take as much memory as ids. */
  readonly withWatchTimes?: boolean;
}

/** A playback that began in the replayed records. */
export interface ReplayedWatch {
  readonly videoId: string;
  readonly atMs: number;
  readonly watchSeconds: number;
  readonly durationSeconds: number;
  readonly completed: boolean;
}

/** A playback that began in the replayed records. */
export interface BegunPlayback {
  readonly playback: Readonly<Playback>;
  /** What an example of it is made of, should it be completed; undefined where it is of before `examplesFromMs`. */
  readonly known: KnownBefore | undefined;
}

/** As known strictly before a playback. */
export interface KnownBefore {
  readonly history: HistoryRange;
  readonly circumstances: CandidateCircumstances;
}

/** What counts look at in an impression: all of them have it, be they examples or not. */
export interface CountedImpression extends Pick<RankingExample, 'servedAtMs' | 'clicked' | 'watchSeconds'> {
  readonly user: Pick<RankingExample['user'], 'surface' | 'country'>;
  readonly video: Pick<RankingExample['video'], 'videoId' | 'channelId' | 'topics'>;
}

/** Is given what a user's replay yields, first all impressions, then all playbacks, where `replayUser` makes lists of them. */
export interface ReplayTaker {
  /**
   * In the order of `ReplayResult.rankingExamples`.
   * @param example its numbers become others when the next user is replayed
   * @param videoNumber as in the record
   */
  impression(example: RankingExample, videoNumber: number | undefined): void;
  /**
   * One that is no example: of before `examplesFromMs`, or not settled, so that it may be watched later; `clicked` and `watchSeconds` are
   * of what the log holds.
   */
  counted?(impression: CountedImpression, videoNumber: number | undefined): void;
  /** In the order of `ReplayResult.watches`. */
  playback(begun: BegunPlayback, completed: boolean): void;
}

export interface RefusedRecord {
  readonly record: UserRecord;
  readonly refusal: Refusal;
}

export interface ReplayOutcome {
  readonly finalState: UserState;
  readonly refusals: RefusedRecord[];
  readonly duplicateCount: number;
  /** Lists without examples because their mark lies before the checkpoint. */
  readonly unplacedRequestCount: number;
}

export interface ReplayResult extends ReplayOutcome {
  /** In the order in which the labels' playbacks were first reported. */
  readonly candidateExamples: CandidateExample[];
  /** In the order in which the lists were logged, then by place in the list. */
  readonly rankingExamples: RankingExample[];
  readonly watches: ReplayedWatch[];
}
