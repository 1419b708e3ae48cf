/** Shows a run's progress somewhere: bars, lines, a parent process. */
export interface ProgressReporter {
  stageStarted(stage: string, number: number, stageCount: number): void;
  /** @param passedOver - of `done`, what says nothing of the rate; see `StageProgress` */
  progress(stage: string, done: number, total: number, detail?: string, passedOver?: number): void;
  /** @param complete - false after a failure or a stop */
  stageEnded(stage: string, complete: boolean): void;
}

/** Tells several reporters the same. */
export function allOf(reporters: readonly ProgressReporter[]): ProgressReporter {
  return {
    stageStarted: (...news) => reporters.forEach((reporter) => reporter.stageStarted(...news)),
    progress: (...news) => reporters.forEach((reporter) => reporter.progress(...news)),
    stageEnded: (...news) => reporters.forEach((reporter) => reporter.stageEnded(...news)),
  };
}
