/** Whether the event log answers: a consumer's silence is its own fault only while the log answers others. */
import { TOPICS } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import { RepeatedQuestion } from '@watchnext/service';

const ASK_MS = 5_000;

export class LogAnswers {
  private firstAnswerMs: number | undefined;
  private lastAnswerMs = 0;
  private readonly question = new RepeatedQuestion(() => this.hear(), ASK_MS);

  /** @param clock milliseconds; only differences count */
  constructor(
    private readonly log: Pick<EventLog, 'bounds'>,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  start(): void {
    this.question.start();
  }

  stop(): void {
    this.question.stop();
  }

  /** Milliseconds from the first to the last answer of those without a failure in between; it stands still while a question waits. */
  answeringForMs(): number {
    return this.firstAnswerMs === undefined ? 0 : this.lastAnswerMs - this.firstAnswerMs;
  }

  /** Does so by itself every few seconds. */
  ask(): Promise<void> {
    return this.question.now();
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
