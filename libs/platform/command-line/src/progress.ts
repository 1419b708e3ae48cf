/**
 * Progress of one task after another: a bar on a terminal; elsewhere plain lines, a few per task, so that a log stays
 * readable.
 */
import { beforeFailure } from '@watchnext/config';
import { Format, Presets, SingleBar } from 'cli-progress';

/** Without a terminal: a line when so much time has passed, and one at the end. */
const LINE_EVERY_MS = 5_000;
const RATE_FROM_MS = 500;

export interface ProgressTask {
  /**
   * `total` may become known, or change, on the way.
   *
   * @param passedOver of `done`, what says nothing of the rate, as an earlier run had done it
   */
  update(done: number, total?: number, detail?: string, passedOver?: number): void;
  /** Says something of the task without getting on with it. */
  note(detail: string): void;
  /** Ends the task and leaves its line standing. */
  finish(detail?: string): void;
  /** Ends the task without claiming that it is done. */
  abandon(): void;
}

/** A bar is drawn on a stream alone; lines go to whatever takes them. */
export type ProgressOutput =
  (NodeJS.WritableStream & { readonly isTTY?: boolean }) | { readonly isTTY?: false; write(text: string): unknown };

/** @param unit what is counted, as "events" */
export function startTask(
  title: string,
  unit: string,
  output: ProgressOutput = process.stderr,
  now = Date.now,
): ProgressTask {
  const task = output.isTTY ? new BarTask(title, unit, output, now) : new LineTask(title, unit, output, now);
  openTasks.add(task);
  return task;
}

/** Those that have not ended. */
const openTasks = new Set<ProgressTask>();

// Of a program that fails: what it says of it is to have a line of its own.
beforeFailure(() => {
  for (const task of openTasks) task.abandon();
});

abstract class CountedTask implements ProgressTask {
  private readonly startedAtMs: number;
  protected done = 0;
  protected total = 0;
  private passedOver = 0;

  constructor(
    protected readonly title: string,
    private readonly unit: string,
    protected readonly output: Pick<ProgressOutput, 'write'>,
    protected readonly now: () => number,
  ) {
    this.startedAtMs = now();
  }

  update(done: number, total?: number, detail = '', passedOver = 0): void {
    this.done = done;
    this.total = total ?? this.total;
    this.passedOver = passedOver;
    this.show(detail);
  }

  note(detail: string): void {
    this.show(detail);
  }

  finish(detail = ''): void {
    this.abandon();
    this.output.write(`${closing(this.title, this.done, this.unit, this.now() - this.startedAtMs, detail)}\n`);
  }

  abandon(): void {
    openTasks.delete(this);
  }

  protected abstract show(detail: string): void;

  protected described(detail = ''): string {
    const { done, total, unit, passedOver } = this;
    return `${describe(done, total, unit, this.now() - this.startedAtMs, passedOver)}${detail ? ` · ${detail}` : ''}`;
  }
}

class BarTask extends CountedTask {
  private readonly bar: SingleBar;

  constructor(title: string, unit: string, output: NodeJS.WritableStream, now: () => number) {
    super(title, unit, output, now);
    this.bar = new SingleBar(
      {
        stream: output,
        clearOnComplete: true,
        // To hide the cursor or to turn wrapping off would outlast a program that a signal ends: the bar is cut to the width instead.
        hideCursor: false,
        linewrap: true,
        barsize: 28,
        fps: 8,
        format: (options, parameters, payload: { detail?: string }) =>
          `${title.padEnd(28)} ${Format.BarFormat(parameters.progress, options)} ${this.described(payload.detail)}`,
      },
      Presets.shades_grey,
    );
    this.bar.start(1, 0, {});
  }

  protected show(detail: string): void {
    const total = Math.max(1, this.total);
    this.bar.setTotal(total);
    this.bar.update(Math.min(this.done, total), { detail });
  }

  override abandon(): void {
    super.abandon();
    this.bar.stop();
  }
}

class LineTask extends CountedTask {
  private lastLineMs = this.now();

  protected show(detail: string): void {
    if (this.now() - this.lastLineMs < LINE_EVERY_MS) return;
    this.lastLineMs = this.now();
    this.output.write(`${this.title}: ${this.described(detail)}\n`);
  }
}

/** As "12,000 of 60,000 events · 5,100 a second · 9 s left". */
export function describe(done: number, total: number, unit: string, elapsedMs: number, passedOver = 0): string {
  const parts = [total > 0 ? `${count(done)} of ${count(total)} ${unit}` : `${count(done)} ${unit}`];
  if (elapsedMs >= RATE_FROM_MS && done > passedOver) {
    const perSecond = (1_000 * (done - passedOver)) / elapsedMs;
    if (perSecond >= 10) parts.push(`${count(Math.round(perSecond))} a second`);
    if (total > done) parts.push(`${duration((total - done) / perSecond)} left`);
  }
  return parts.join(' · ');
}

function closing(title: string, done: number, unit: string, elapsedMs: number, detail: string): string {
  const counted = done > 0 ? `${count(done)} ${unit} in ` : '';
  return `${title}: ${counted}${duration(elapsedMs / 1_000)}${detail ? ` · ${detail}` : ''}`;
}

/** As "8 s", "2 min 5 s". */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const count = (value: number) => value.toLocaleString('en-US');
