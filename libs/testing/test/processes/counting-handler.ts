import type { GroupHandler, RecordBatch } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';

export interface CountingHooks {
  beforeCommit?(partition: number): Promise<void>;
  afterCommit?(partition: number, recordCount: number): void;
  onError?(error: Error): void;
}

/** Counts records by key: state and mark of a batch in one commit from the mark that the batch began at. */
export class CountingHandler implements GroupHandler {
  private readonly marks = new Map<number, number | undefined>();

  constructor(
    private readonly store: FeatureStore,
    private readonly topic: string,
    private readonly hooks: CountingHooks = {},
  ) {}

  async resumeOffset(partition: number): Promise<number | undefined> {
    const mark = await this.store.readMark(partition);
    this.marks.set(partition, mark?.offset);
    return mark && mark.offset + 1;
  }

  async onBatch({ partition, records, nextOffset }: RecordBatch): Promise<void> {
    const keys = [...new Set(records.map(({ key }) => key))];
    const stored = await this.store.readMany(partition, keys);
    const counts = new Map(keys.map((key) => [key, Number(Buffer.from(stored.get(key) ?? []).toString())]));
    for (const { key } of records) counts.set(key, (counts.get(key) ?? 0) + 1);
    await this.hooks.beforeCommit?.(partition);
    const markAt = (offset: number) => ({ topic: this.topic, partition, offset });
    const expected = this.marks.get(partition);
    const last = nextOffset - 1;
    await this.store.commit(partition, {
      expected: expected === undefined ? undefined : markAt(expected),
      next: markAt(last),
      states: new Map([...counts].map(([key, count]) => [key, Buffer.from(String(count))])),
    });
    this.marks.set(partition, last);
    this.hooks.afterCommit?.(partition, records.length);
  }

  onError(error: Error): void {
    this.hooks.onError?.(error);
  }
}
