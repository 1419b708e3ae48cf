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

/** Rate and time left of a stage, from what it worked on since it started. */
export class ProgressClock {
  private readonly startedAtMs: number;

  constructor(private readonly nowMs: () => number = () => performance.now()) {
    this.startedAtMs = nowMs();
  }

  /** Units per second; 0 until time has passed. */
  rate(done: number, passedOver = 0): number {
    const seconds = (this.nowMs() - this.startedAtMs) / 1_000;
    return seconds > 0 ? (done - passedOver) / seconds : 0;
  }

  /** Undefined while there is nothing to go by. */
  secondsLeft(done: number, total: number, passedOver = 0): number | undefined {
    const rate = this.rate(done, passedOver);
    return rate > 0 ? Math.max(0, total - done) / rate : undefined;
  }
}
