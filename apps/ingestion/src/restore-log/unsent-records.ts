/**
 * Records that lay in another partition than their user's, and that nobody had sent on yet when the log was lost. Those are among the last
 * of their partition; all others are in the archive once more, where they belong.
 */
import type { SourceRecord } from './source-records';

/** Of one partition: more than materialisers leave to be done within their worst hour. */
const KEPT = 10_000;

export class UnsentRecords {
  private readonly newest = new Map<number, SourceRecord[]>();

  add(misplaced: SourceRecord): void {
    const { partition, value } = misplaced.record;
    const own = this.newest.get(partition) ?? [];
    // Its bytes are part of what the archive reads next.
    own.push({ ...misplaced, record: { ...misplaced.record, value: Uint8Array.from(value) } });
    if (own.length >= 2 * KEPT) own.splice(0, own.length - KEPT);
    this.newest.set(partition, own);
  }

  /** @param read all records again; not called where none is misplaced */
  async withoutCopy(read: () => AsyncIterable<readonly SourceRecord[]>): Promise<SourceRecord[]> {
    const unsent = [...this.newest.values()].flatMap((own) => own.slice(-KEPT));
    if (unsent.length === 0) return [];
    const ids = new Set(unsent.map(({ event }) => event?.eventId));
    for await (const records of read()) {
      for (const { event, isMisplaced, isSound } of records) {
        if (isSound && !isMisplaced) ids.delete(event?.eventId);
      }
    }
    return unsent.filter(({ event }) => ids.delete(event?.eventId));
  }
}
