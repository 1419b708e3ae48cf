/** Whether the event log answers: a consumer's silence is its own fault only while the log answers others. */
import { TOPICS } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';

const ASK_MS = 5_000;

export class LogAnswers {
  private firstAnswerMs: number | undefined;
  private lastAnswerMs = 0;
  private asking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param clock milliseconds; only differences count */
  constructor(
    private readonly log: Pick<EventLog, 'bounds'>,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.ask(), ASK_MS).unref();
    void this.ask();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Milliseconds from the first to the last answer of those without a failure in between; it stands still while a question waits. */
  answeringForMs(): number {
    return this.firstAnswerMs === undefined ? 0 : this.lastAnswerMs - this.firstAnswerMs;
  }

  /** Once at a time: while the log hangs questions must not pile up. */
  ask(): Promise<void> {
    return (this.asking ??= this.hear().finally(() => (this.asking = undefined)));
  }

  private async hear(): Promise<void> {
    try {
      await this.log.bounds(TOPICS.activity);
      this.lastAnswerMs = this.clock();
      this.firstAnswerMs ??= this.lastAnswerMs;
    } catch {
      // Whoever needs the log reports that it is down.
      this.firstAnswerMs = undefined;
    }
  }
}
