/** Records in columns: as millions of objects, making and collecting them would cost more than reading them. */
import type { LogRecord } from '@watchnext/event-log';
import type { RecordBatch } from './record-chunk';

const FIRST_CAPACITY = 4_096;

/** Records of one topic and partition, in the order in which they were added. */
export class RecordRows {
  length = 0;
  offsets = new Float64Array(FIRST_CAPACITY);
  timestampsMs = new Float64Array(FIRST_CAPACITY);
  /** By row: what its value lies in, and from where to where. */
  readonly buffers: Uint8Array[] = [];
  starts = new Int32Array(FIRST_CAPACITY);
  ends = new Int32Array(FIRST_CAPACITY);

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  /** @param buffer the value is its bytes [start, end) */
  add(offset: number, timestampMs: number, buffer: Uint8Array, start: number, end: number): void {
    const row = this.length++;
    if (row === this.offsets.length) this.grow();
    this.offsets[row] = offset;
    this.timestampsMs[row] = timestampMs;
    this.buffers.push(buffer);
    this.starts[row] = start;
    this.ends[row] = end;
  }

  /** Those from `first` on. */
  from(first: number): RecordRows {
    const rows = new RecordRows(this.topic, this.partition);
    const { offsets, timestampsMs, buffers, starts, ends } = this;
    for (let i = first; i < this.length; i++) rows.add(offsets[i], timestampsMs[i], buffers[i], starts[i], ends[i]);
    return rows;
  }

  private grow(): void {
    const capacity = 2 * this.offsets.length;
    this.offsets = copied(this.offsets, new Float64Array(capacity));
    this.timestampsMs = copied(this.timestampsMs, new Float64Array(capacity));
    this.starts = copied(this.starts, new Int32Array(capacity));
    this.ends = copied(this.ends, new Int32Array(capacity));
  }
}

function copied<Values extends Float64Array | Int32Array>(values: Values, into: Values): Values {
  into.set(values);
  return into;
}

/** The records of one key in one partition, ascending by offset. Whoever keeps it keeps the memory of its neighbours. */
export class KeyedRecords {
  /** @param first of the key's rows, which follow each other */
  constructor(
    readonly key: string,
    private readonly rows: RecordRows,
    private readonly first: number,
    readonly length: number,
  ) {}

  /** @param records of one key, partition and topic, at least one */
  static of(records: readonly LogRecord[]): KeyedRecords {
    const [{ topic, partition, key }] = records;
    const rows = new RecordRows(topic, partition);
    for (const { offset, timestampMs, value } of records) rows.add(offset, timestampMs, value, 0, value.length);
    return new KeyedRecords(key, rows, 0, records.length);
  }

  get topic(): string {
    return this.rows.topic;
  }

  get partition(): number {
    return this.rows.partition;
  }

  offset(i: number): number {
    return this.rows.offsets[this.first + i];
  }

  timestampMs(i: number): number {
    return this.rows.timestampsMs[this.first + i];
  }

  /** What the value lies in, from `valueStart` up to `valueEnd`. */
  buffer(i: number): Uint8Array {
    return this.rows.buffers[this.first + i];
  }

  valueStart(i: number): number {
    return this.rows.starts[this.first + i];
  }

  valueEnd(i: number): number {
    return this.rows.ends[this.first + i];
  }
}

/** @param batches of a partition, in the order of keys */
export async function* keyedRecordsOf(
  batches: AsyncIterable<RecordBatch>,
  topic: string,
  partition: number,
): AsyncGenerator<KeyedRecords[]> {
  let rows = new RecordRows(topic, partition);
  let key: string | undefined;
  /** Of the rows of the key that is not yet complete. */
  let first = 0;
  for await (const batch of batches) {
    // The rows that were given out stay as they are.
    if (first > 0) rows = rows.from(first);
    first = 0;
    const keyed: KeyedRecords[] = [];
    const { offsets, timestampsMs } = batch;
    batch.eachValue((row, buffer, start, end) => {
      if (!batch.hasKeyOfRowBefore(row)) {
        const next = batch.key(row);
        if (key !== undefined && next !== key) {
          keyed.push(new KeyedRecords(key, rows, first, rows.length - first));
          first = rows.length;
        }
        key = next;
      }
      rows.add(offsets[row], timestampsMs[row], buffer, start, end);
    });
    if (keyed.length > 0) yield keyed;
  }
  if (key !== undefined) yield [new KeyedRecords(key, rows, first, rows.length - first)];
}
