import type { CandidateExample } from '@watchnext/features';

/** What there is to evaluate candidates on: every completed watch, each with what was known just before it. */
export interface WatchData {
  /** For the report: the file or folder it came from. */
  readonly source: string;
  /** False where only the order of a user's watches is known: all times are then 0. */
  readonly timed: boolean;
  readonly users: readonly UserWatches[];
  /** Upload times by video id, where they are told. */
  readonly uploadedAtMs: ReadonlyMap<string, number>;
}

export interface UserWatches {
  readonly userId: string;
  /** One for each watch, in order. */
  readonly examples: readonly CandidateExample[];
}

/** The data cannot be evaluated on; the message says what is missing and what would help. */
export class EvaluationDataError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EvaluationDataError';
  }
}
