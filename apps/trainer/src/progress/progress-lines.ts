import { ProgressClock, type ProgressReporter } from './progress-reporter';

/** A line every few seconds is enough to see that it moves. */
const LINE_INTERVAL_MS = 5_000;

/** Plain lines for logs and pipes: "train candidate model: 40% of 1,200, 3/s, loss 4.210, epoch 2, 8,200 examples/s, 12 s left". */
export class ProgressLines implements ProgressReporter {
  private clock: ProgressClock;
  private lastLineAtMs: number;

  constructor(
    private readonly write: (line: string) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.clock = new ProgressClock(nowMs);
    this.lastLineAtMs = nowMs();
  }

  stageStarted(): void {
    this.clock = new ProgressClock(this.nowMs);
    this.lastLineAtMs = this.nowMs();
  }

  progress(stage: string, done: number, total: number, detail?: string, passedOver = 0): void {
    if (this.nowMs() - this.lastLineAtMs < LINE_INTERVAL_MS) return;
    this.lastLineAtMs = this.nowMs();
    const left = this.clock.secondsLeft(done, total, passedOver);
    const rate = this.clock.rate(done, passedOver);
    const parts = [
      `${Math.floor((100 * done) / Math.max(1, total))}% of ${total.toLocaleString('en')}`,
      `${rate.toFixed(rate < 10 ? 1 : 0)}/s`,
      ...(detail ? [detail] : []),
      ...(left === undefined ? [] : [`${Math.ceil(left)} s left`]),
    ];
    this.write(`${stage}: ${parts.join(', ')}`);
  }

  stageEnded(): void {
    // The stage's log line says that it ended.
  }
}
