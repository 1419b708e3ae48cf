import type { Event } from '@watchnext/contract';
import type { LogRecord } from '@watchnext/event-log';
import { judgeRecord } from '@watchnext/features';
import { LineLimit } from './line-limit';
import type { Logger } from './logger';

/** A topic full of bad records must not fill the log of every service that reads it from its beginning. */
const LINES_PER_SECOND = 10;

/**
 * What a follower of an event topic makes use of: events that keep the contract. Who writes to the topic itself is checked by
 * nobody, and what a follower remembers of a record goes into the answers to everybody. Other records are skipped, counted and told
 * of; the archive keeps them, and of those of the activity topic the materialiser makes dead letters.
 */
export class SoundEvents {
  private skippedCount = 0;
  private readonly lines: LineLimit;

  constructor(private readonly logger: Logger) {
    this.lines = new LineLimit(LINES_PER_SECOND, (leftOut) =>
      logger.warn({ leftOut, skippedCount: this.skippedCount }, 'skipped more records that break the contract'),
    );
  }

  /** @returns the record's event; undefined where it is to be skipped. Never throws: the records after it are to be read */
  of(record: LogRecord): Event | undefined {
    const { event, refusal } = judgeRecord(record);
    if (!refusal) return event;
    this.skippedCount += 1;
    if (this.lines.take()) {
      const { topic, partition, offset } = record;
      const place = { topic, partition, offset, skippedCount: this.skippedCount };
      this.logger.warn({ ...place, ...refusal }, 'skipped a record that breaks the contract');
    }
    return undefined;
  }
}
