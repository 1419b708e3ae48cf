import { type ProgressOutput, type ProgressTask, startTask } from '@watchnext/command-line';
import type { ProgressReporter } from './progress-reporter';

/** A task for each stage: bars on a terminal, now and then a line in a log. */
export class ProgressTasks implements ProgressReporter {
  private task: ProgressTask | undefined;

  constructor(
    private readonly output: ProgressOutput,
    private readonly now?: () => number,
  ) {}

  stageStarted(stage: string, number: number, stageCount: number): void {
    const title = this.output.isTTY ? `${`${number}/${stageCount}`.padStart(5)} ${stage}` : stage;
    this.task = startTask(title, 'steps', this.output, this.now);
  }

  progress(_stage: string, done: number, total: number, detail?: string, passedOver?: number): void {
    this.task?.update(done, total, detail, passedOver);
  }

  stageEnded(_stage: string, complete: boolean): void {
    // In a log the stage's own line says that it ended.
    if (complete && this.output.isTTY) this.task?.finish();
    else this.task?.abandon();
    this.task = undefined;
  }
}
