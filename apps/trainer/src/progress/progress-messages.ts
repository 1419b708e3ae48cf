import type { ProgressMessage } from '@watchnext/config';
import type { ProgressReporter } from './progress-reporter';

/** Ten messages a second draw a smooth bar; a training step may be shorter than that. */
const MESSAGE_INTERVAL_MS = 100;

/** Sends progress to the parent process; the first and the last of each stage always arrive. */
export class ProgressMessages implements ProgressReporter {
  private lastSentAtMs = -Infinity;
  private total = 1;
  private passedOver = 0;

  constructor(
    private readonly send: (message: ProgressMessage) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  stageStarted(stage: string, number: number, stageCount: number): void {
    this.total = 1;
    this.passedOver = 0;
    this.lastSentAtMs = this.nowMs();
    this.send({
      kind: 'progress',
      stage,
      done: 0,
      total: 1,
      detail: `stage ${number} of ${stageCount}`,
      passedOver: 0,
    });
  }

  progress(stage: string, done: number, total: number, detail = '', passedOver = 0): void {
    this.total = total;
    this.passedOver = passedOver;
    if (this.nowMs() - this.lastSentAtMs < MESSAGE_INTERVAL_MS) return;
    this.lastSentAtMs = this.nowMs();
    this.send({ kind: 'progress', stage, done, total, detail, passedOver });
  }

  stageEnded(stage: string, complete: boolean): void {
    const { total, passedOver } = this;
    if (complete) this.send({ kind: 'progress', stage, done: total, total, detail: 'done', passedOver });
  }
}
