/**
 * The records of one append, all of which may come twice: where Kafka's answer got lost they are sent again, and are in the log once more
 * right behind themselves. States drop what they know, so a slice ends before one of its events makes a state forget another one of it.
 */
import type { Event } from '@watchnext/contract';
import { bytesOf, type NewRecord, SLICE_BYTES } from '@watchnext/event-log';
import { forgottenBeforeMs, LIMITS, rememberedAtMs } from '@watchnext/features';

interface UserIds {
  oldestMs: number;
  count: number;
}

export class RepeatableSlice {
  readonly records: NewRecord[] = [];
  private bytes = 0;
  private readonly byUser = new Map<string, UserIds>();

  /** @param event what of the record a state folds, if anything */
  fits(record: NewRecord, event: Event | undefined): boolean {
    if (this.records.length === 0) return true;
    if (this.bytes + bytesOf(record) > SLICE_BYTES) return false;
    const ids = event && this.byUser.get(record.key);
    return !ids || (ids.count < LIMITS.seenEvents / 2 && ids.oldestMs >= forgottenBeforeMs(event));
  }

  add(record: NewRecord, event: Event | undefined): void {
    this.records.push(record);
    this.bytes += bytesOf(record);
    if (!event) return;
    const ids = this.byUser.get(record.key) ?? { oldestMs: Infinity, count: 0 };
    ids.oldestMs = Math.min(ids.oldestMs, rememberedAtMs(event));
    ids.count++;
    this.byUser.set(record.key, ids);
  }
}
