/**
 * Sends the fuzzer's records one batch after the other and notes where each was acknowledged. A batch that was not
 * answered is sent again, whole and before any later one: so copies of it lie next to each other, where the states
 * recognise them, and the list of acknowledged records alone tells what the states must be.
 */
import { TOPICS } from '@watchnext/contract';
import { EventLogError, type EventLog } from '@watchnext/event-log';
import type { EventFuzzer } from './event-fuzzer';
import type { Truth } from './truth';

const BATCH_RECORDS = 500;

export class FuzzedProducer {
  /** Appends that had to be repeated. */
  repeatedCount = 0;

  constructor(
    private readonly log: EventLog,
    private readonly fuzzer: EventFuzzer,
    private readonly truth: Truth,
  ) {}

  /** Sends until the truth has at least `eventCount` events. */
  async sendTo(eventCount: number): Promise<void> {
    while (this.truth.eventCount < eventCount) {
      await this.sendBatch(Math.min(BATCH_RECORDS, eventCount - this.truth.eventCount));
    }
  }

  /** Sends on and on. @returns a function that ends it after so many more events are acknowledged */
  sendOn(): (moreEvents: number) => Promise<void> {
    let lastEventCount = Number.POSITIVE_INFINITY;
    const sending = (async () => {
      while (this.truth.eventCount < lastEventCount) await this.sendBatch();
    })();
    // Told to whoever ends it.
    sending.catch(() => undefined);
    return (moreEvents) => {
      lastEventCount = this.truth.eventCount + moreEvents;
      return sending;
    };
  }

  async sendBatch(count = BATCH_RECORDS): Promise<void> {
    const records = this.fuzzer.nextBatch(count);
    for (;;) {
      try {
        this.truth.note(records, await this.log.append(TOPICS.activity, records));
        return;
      } catch (error) {
        if (!(error instanceof EventLogError && error.retriable)) throw error;
        this.repeatedCount++;
      }
    }
  }
}
