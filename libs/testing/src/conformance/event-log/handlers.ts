import type { GroupHandler, LogRecord, RecordBatch, TailHandler } from '@watchnext/event-log';

const text = ({ value }: LogRecord) => Buffer.from(value).toString();

/** Next offset by partition, as a consumer would keep it beside its results. */
export interface Marks {
  readonly next: Map<number, number>;
}

/** Keeps what it is given and moves its marks on, as a store with atomic commits would; watches the port's promises. */
export class FoldingHandler implements GroupHandler {
  readonly records: LogRecord[] = [];
  readonly errors: (Error & { code?: string })[] = [];
  readonly errorPartitions: (number | undefined)[] = [];
  readonly resumeCalls: number[] = [];
  readonly revoked: number[] = [];
  /** Broken promises of the driver, in words. */
  readonly faults: string[] = [];
  /** So many batches are rejected before they are folded. */
  failBeforeFolding = 0;
  largestBatch = 0;
  heldBatches = 0;
  lastSignal: AbortSignal | undefined;
  private readonly lags = new Map<number, number>();
  private readonly inWork = new Set<number>();
  private held: Promise<void> | undefined;
  releaseBatches: () => void = () => undefined;

  constructor(readonly marks: Marks = { next: new Map() }) {}

  holdBatches(): void {
    this.held = new Promise((resolve) => (this.releaseBatches = resolve));
  }

  texts(): string[] {
    return this.records.map(text);
  }

  lagOf(partition: number): number | undefined {
    return this.lags.get(partition);
  }

  async resumeOffset(partition: number): Promise<number | undefined> {
    this.resumeCalls.push(partition);
    return this.marks.next.get(partition);
  }

  async onBatch({ partition, records, nextOffset, lag, signal }: RecordBatch): Promise<void> {
    if (this.inWork.has(partition)) this.faults.push(`two batches of partition ${partition} at once`);
    this.inWork.add(partition);
    try {
      this.lastSignal = signal;
      if (this.held) {
        this.heldBatches++;
        await this.held;
      }
      await new Promise((resolve) => setImmediate(resolve));
      if (this.failBeforeFolding > 0) {
        this.failBeforeFolding--;
        throw new Error('told to fail');
      }
      this.fold(partition, records, nextOffset);
      this.lags.set(partition, lag);
      this.largestBatch = Math.max(this.largestBatch, records.length);
    } finally {
      this.inWork.delete(partition);
    }
  }

  private fold(partition: number, records: readonly LogRecord[], nextOffset: number): void {
    for (const record of records) {
      const next = this.marks.next.get(partition) ?? 0;
      if (record.partition !== partition)
        this.faults.push(`a record of ${record.partition} in a batch of ${partition}`);
      if (record.offset < next) this.faults.push(`offset ${record.offset} of partition ${partition} came twice`);
      this.marks.next.set(partition, record.offset + 1);
      this.records.push(record);
    }
    const next = this.marks.next.get(partition) ?? 0;
    if (nextOffset < next) this.faults.push(`partition ${partition} goes on at ${nextOffset}, and was at ${next}`);
    this.marks.next.set(partition, nextOffset);
  }

  async onRevoked(partition: number): Promise<void> {
    if (this.inWork.has(partition)) this.faults.push(`partition ${partition} was revoked during a batch`);
    this.revoked.push(partition);
  }

  onError(error: Error, partition: number | undefined): void {
    this.errors.push(error);
    this.errorPartitions.push(partition);
  }
}

/** Keeps what it is given, after failing as often as told. */
export class CollectingTail implements TailHandler {
  readonly records: LogRecord[] = [];
  /** By partition: how far it is told that all was handled. */
  readonly next = new Map<number, number>();
  readonly errors: Error[] = [];
  failures = 0;

  texts(): string[] {
    return this.records.map(text);
  }

  async onRecords(records: readonly LogRecord[]): Promise<void> {
    if (this.failures > 0) {
      this.failures--;
      throw new Error('told to fail');
    }
    this.records.push(...records);
  }

  onPosition(partition: number, nextOffset: number): void {
    this.next.set(partition, nextOffset);
  }

  onError(error: Error): void {
    this.errors.push(error);
  }
}
