/**
 * Progress of one task after another: a bar on a terminal; elsewhere plain lines, a few per task, so that a log stays
 * readable.
 */
import { Format, Presets, SingleBar } from 'cli-progress';

/** Without a terminal: a line when so much time has passed, and one at the end. */
const LINE_EVERY_MS = 5_000;
const RATE_FROM_MS = 500;

export interface ProgressTask {
  /** `total` may become known, or change, on the way. */
  update(done: number, total?: number, detail?: string): void;
  /** Says something of the task without getting on with it. */
  note(detail: string): void;
  /** Ends the task and leaves its line standing. */
  finish(detail?: string): void;
  /** Ends the task without claiming that it is done. */
  abandon(): void;
}

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** @param unit what is counted, as "events" */
export function startTask(
  title: string,
  unit: string,
  output: ProgressOutput & NodeJS.WritableStream = process.stderr,
  now = Date.now,
): ProgressTask {
  return output.isTTY ? new BarTask(title, unit, output, now) : new LineTask(title, unit, output, now);
}

class BarTask implements ProgressTask {
  private readonly bar: SingleBar;
  private readonly startedAtMs: number;
  private done = 0;
  private total = 0;

  constructor(
    private readonly title: string,
    private readonly unit: string,
    private readonly output: NodeJS.WritableStream,
    private readonly now: () => number,
  ) {
    this.startedAtMs = now();
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
          `${title.padEnd(28)} ${Format.BarFormat(parameters.progress, options)} ${describe(this.done, this.total, unit, now() - this.startedAtMs)}${payload.detail ? ` · ${payload.detail}` : ''}`,
      },
      Presets.shades_grey,
    );
    this.bar.start(1, 0, {});
  }

  update(done: number, total?: number, detail = ''): void {
    this.done = done;
    this.total = total ?? this.total;
    this.bar.setTotal(Math.max(1, this.total));
    this.bar.update(Math.min(done, Math.max(1, this.total)), { detail });
  }

  note(detail: string): void {
    this.update(this.done, this.total, detail);
  }

  finish(detail = ''): void {
    this.bar.stop();
    this.output.write(`${closing(this.title, this.done, this.unit, this.now() - this.startedAtMs, detail)}\n`);
  }

  abandon(): void {
    this.bar.stop();
  }
}

class LineTask implements ProgressTask {
  private readonly startedAtMs: number;
  private lastLineMs: number;
  private done = 0;
  private total = 0;

  constructor(
    private readonly title: string,
    private readonly unit: string,
    private readonly output: NodeJS.WritableStream,
    private readonly now: () => number,
  ) {
    this.startedAtMs = now();
    this.lastLineMs = this.startedAtMs;
  }

  update(done: number, total?: number, detail = ''): void {
    this.done = done;
    this.total = total ?? this.total;
    if (this.now() - this.lastLineMs < LINE_EVERY_MS) return;
    this.lastLineMs = this.now();
    this.output.write(
      `${this.title}: ${describe(this.done, this.total, this.unit, this.now() - this.startedAtMs)}${detail ? ` · ${detail}` : ''}\n`,
    );
  }

  note(detail: string): void {
    this.update(this.done, this.total, detail);
  }

  finish(detail = ''): void {
    this.output.write(`${closing(this.title, this.done, this.unit, this.now() - this.startedAtMs, detail)}\n`);
  }

  abandon(): void {
    // What was printed stands.
  }
}

/** As "12,000 of 60,000 events · 5,100 a second · 9 s left". */
export function describe(done: number, total: number, unit: string, elapsedMs: number): string {
  const parts = [total > 0 ? `${count(done)} of ${count(total)} ${unit}` : `${count(done)} ${unit}`];
  if (elapsedMs >= RATE_FROM_MS && done > 0) {
    const perSecond = (1_000 * done) / elapsedMs;
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
