/**
 * Records that lay in another partition than their user's, and that nobody had sent on yet when the log was lost. All others are in the
 * archive once more, where they belong.
 */
import { EventIds } from './event-ids';
import type { SourceRecord } from './source-records';

export class UnsentRecords {
  private readonly ids = new EventIds();

  add({ event, userId }: SourceRecord): void {
    if (event && userId !== undefined) this.ids.add(userId, event.eventId);
  }

  /** @param read all records again; not called where none is misplaced, and the second time only where one has no copy */
  async *withoutCopy(read: () => AsyncIterable<readonly SourceRecord[]>): AsyncGenerator<SourceRecord> {
    const strike = ({ event, userId }: SourceRecord) =>
      event !== undefined && userId !== undefined && this.ids.strike(userId, event.eventId);
    if (this.ids.count === 0) return;
    for await (const records of read()) for (const each of records) if (each.isSound && !each.isMisplaced) strike(each);
    if (this.ids.count === 0) return;
    for await (const records of read()) for (const each of records) if (each.isMisplaced && strike(each)) yield each;
  }
}
