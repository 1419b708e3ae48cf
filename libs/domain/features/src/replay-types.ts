/** What a replay takes and gives. */
import type { Mark, UserState } from '@watchnext/contract';
import type { CompletedRule } from './completion';
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
  /** Newest time in the log. `Infinity` settles every impression. */
  readonly logEndMs: number;
  readonly completedRule?: CompletedRule;
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

export interface RefusedRecord {
  readonly record: UserRecord;
  readonly refusal: Refusal;
}

export interface ReplayResult {
  /** In the order in which the labels' playbacks were first reported. */
  readonly candidateExamples: CandidateExample[];
  /** In the order in which the lists were logged, then by place in the list. */
  readonly rankingExamples: RankingExample[];
  readonly finalState: UserState;
  readonly watches: ReplayedWatch[];
  readonly refusals: RefusedRecord[];
  readonly duplicateCount: number;
  /** Lists without examples because their mark lies before the checkpoint. */
  readonly unplacedRequestCount: number;
}
