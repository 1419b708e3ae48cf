/** Of a log that is generated. */
export interface SequenceOptions {
  readonly users: number;
  readonly videos: number;
  /** Of a user: of a dense log at the median, of a sparse one on average, where of less than 5 each has 5. */
  readonly watches: number;
  readonly seed: number;
}
