/** What can go wrong inside a request, grouped by who must act on it (so that an alert reaches its owner). */

export type FailureCategory =
  /** A service or store did not answer at all: its operators. */
  | 'dependency-unreachable'
  /** It was given its share of the deadline and used it up: its operators, or whoever sets the deadline. */
  | 'dependency-late'
  /** It answered at once that it has too much to do to begin: its operators. */
  | 'dependency-overloaded'
  /** It answered that it cannot serve this now, as before its first snapshot: its operators. */
  | 'dependency-not-ready'
  /** It answered with an error of its own: its owners. */
  | 'dependency-failed'
  /** It failed most calls a moment ago, and is not asked until it had time to come back: its operators. */
  | 'circuit-open'
  /** It refused a request that this program built: the owners of this program. */
  | 'dependency-refused'
  /** An experiment's variant goes without the stage: nobody. */
  | 'chosen'
  /** A bug in this program. Never hidden by a fail-open policy. */
  | 'programmer';

/** A dependency's failure, translated once where the call is made. */
export class DependencyError extends Error {
  constructor(
    readonly dependency: string,
    readonly category: Exclude<FailureCategory, 'programmer' | 'chosen'>,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${dependency}: ${message}`, options);
    this.name = 'DependencyError';
  }
}

/** It had longer than anybody waits for it: late, however little time whoever asked had left. */
export class OwnLimitError extends DependencyError {
  constructor(dependency: string, limitMs: number) {
    super(dependency, 'dependency-late', `not done within ${limitMs} ms`);
    this.name = 'OwnLimitError';
  }
}

/** Whoever asked no longer waits: all work of the request ends. Not a failure of anything, so no policy covers it. */
export class CallerGoneError extends Error {
  constructor() {
    super('the caller closed the connection');
    this.name = 'CallerGoneError';
  }
}

/** What types cannot say was not kept between two parts of this program. */
export class ContractViolation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ContractViolation';
  }
}

/** A stage that failed, as the executor saw it. */
export interface StageFailure {
  readonly stage: string;
  readonly category: FailureCategory;
  readonly message: string;
  readonly cause: unknown;
}

export function describeFailure(stage: string, error: unknown): StageFailure {
  return {
    stage,
    category: error instanceof DependencyError ? error.category : 'programmer',
    message: error instanceof Error ? error.message : String(error),
    cause: error,
  };
}
