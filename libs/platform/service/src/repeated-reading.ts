import type { Logger } from './logger';
import { RepeatedQuestion } from './repeated-question';

export interface RepeatedReadingParts<Value> {
  readonly read: () => Promise<Value>;
  readonly everyMs: number;
  readonly logger: Pick<Logger, 'warn'>;
  /** What is told where it cannot be had: once, until it could be again. */
  readonly unknown: string;
}

/** Something that is read again and again beside the work. What it was before is no answer where it cannot be had. */
export abstract class RepeatedReading<Value> {
  private hasFailed = false;
  private readonly question: RepeatedQuestion;

  protected constructor(private readonly parts: RepeatedReadingParts<Value>) {
    this.question = new RepeatedQuestion(() => this.hear(), parts.everyMs);
  }

  start(): void {
    this.question.start();
  }

  stop(): void {
    this.question.stop();
  }

  /** Does so by itself once it is started. */
  ask(): Promise<void> {
    return this.question.now();
  }

  /** @param value undefined where it could not be had */
  protected abstract learn(value: Value | undefined): void;

  private async hear(): Promise<void> {
    const { read, logger, unknown } = this.parts;
    let value: Value | undefined;
    try {
      value = await read();
      this.hasFailed = false;
    } catch (error) {
      if (!this.hasFailed) logger.warn({ err: error as Error }, unknown);
      this.hasFailed = true;
    }
    this.learn(value);
  }
}
