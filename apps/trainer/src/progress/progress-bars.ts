import { SingleBar } from 'cli-progress';
import { ProgressClock, type ProgressReporter } from './progress-reporter';

/** One bar a stage on standard error, for a person at a terminal. */
export class ProgressBars implements ProgressReporter {
  private bar: SingleBar | undefined;
  private clock = new ProgressClock();

  stageStarted(stage: string, number: number, stageCount: number): void {
    this.clock = new ProgressClock();
    this.bar = new SingleBar({
      format: ' {place} {stage} {bar} {percentage}% {rate} {detail}{left}',
      barsize: 24,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      // To hide the cursor or to turn wrapping off would outlast a program that a signal ends: the bar is cut to the width instead.
      hideCursor: false,
      linewrap: true,
      clearOnComplete: false,
      stopOnComplete: false,
      fps: 8,
    });
    const place = `${number}/${stageCount}`.padStart(5);
    this.bar.start(1, 0, { place, stage: stage.padEnd(28), rate: '', detail: '', left: '' });
  }

  progress(_stage: string, done: number, total: number, detail?: string, passedOver = 0): void {
    if (!this.bar) return;
    const left = this.clock.secondsLeft(done, total, passedOver);
    this.bar.setTotal(Math.max(1, total));
    this.bar.update(done, {
      rate: `${this.clock.rate(done, passedOver).toFixed(0)}/s`,
      detail: detail ?? '',
      left: left === undefined || done >= total ? '' : `${detail ? ', ' : ''}${Math.ceil(left)} s left`,
    });
  }

  stageEnded(_stage: string, complete: boolean): void {
    if (complete) this.bar?.update(this.bar.getTotal(), { left: '' });
    this.bar?.stop();
    this.bar = undefined;
  }
}
