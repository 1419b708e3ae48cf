/** An archive as large as wanted out of a smaller one: its users several times, each time under ids of their own. */
import { Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive, type EventArchive } from '@watchnext/event-archive';
import { type LogRecord, partitionOf } from '@watchnext/event-log';

/** Records of a file: few enough to be held while they are written. */
const RUN_LENGTH = 50_000;

export interface CopyOptions {
  readonly from: string;
  readonly to: string;
  readonly partitionCount: number;
  readonly copies: number;
}

/**
 * Copies the catalogue once and the activity `copies` times. A copy of a user has the same events at the same times in the same
 * partition, after all that the copies before it hold there; marks move along, so features are the original's.
 *
 * @throws what the archives throw
 */
export async function copyArchive(
  { from, to, partitionCount, copies }: CopyOptions,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const [source, target] = [openParquetArchive(from), openParquetArchive(to)];
  try {
    for await (const records of source.read(TOPICS.catalog, { order: 'offset' })) {
      for (const run of runsOf(records)) await target.write(TOPICS.catalog, run[0].partition, run);
    }
    const total = copies * (await source.extent(TOPICS.activity)).recordCount;
    let done = 0;
    for (let partition = 0; partition < partitionCount; partition++) {
      const span = (await source.nextOffset(TOPICS.activity, partition)) ?? 0;
      for (let copy = 0; copy < copies; copy++) {
        const userIds = new Map<string, string>();
        const nameOf = (userId: string) => {
          let name = userIds.get(userId);
          if (name === undefined)
            userIds.set(userId, (name = nameInPartition(userId, copy, partition, partitionCount)));
          return name;
        };
        done += await copyPartition(source, target, partition, (record) =>
          moved(record, nameOf(record.key), copy * span),
        );
        onProgress(done, total);
      }
    }
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

async function copyPartition(
  source: EventArchive,
  target: EventArchive,
  partition: number,
  move: (record: LogRecord) => LogRecord,
): Promise<number> {
  let count = 0;
  let run: LogRecord[] = [];
  const flush = async () => {
    await target.write(TOPICS.activity, partition, run);
    run = [];
  };
  for await (const records of source.read(TOPICS.activity, { order: 'offset', partition })) {
    for (const record of records) run.push(move(record));
    count += records.length;
    if (run.length >= RUN_LENGTH) await flush();
  }
  await flush();
  return count;
}

function moved(record: LogRecord, userId: string, by: number): LogRecord {
  const event = Event.decode(record.value);
  const { body } = event;
  if (body !== undefined && 'userId' in body.value) body.value.userId = userId;
  if (body?.$case === 'impressionsServed' && body.value.mark) body.value.mark.offset += by;
  return { ...record, offset: record.offset + by, key: userId, value: Event.encode(event).finish() };
}

/** The first of "viewer~1", "viewer~1.1", "viewer~1.2", … that belongs to the partition. */
function nameInPartition(userId: string, copy: number, partition: number, partitionCount: number): string {
  if (copy === 0) return userId;
  for (let attempt = 0; ; attempt++) {
    const name = `${userId}~${copy}${attempt === 0 ? '' : `.${attempt}`}`;
    if (partitionOf(name, partitionCount) === partition) return name;
  }
}

/** One run for each partition of a batch, which comes partition by partition. */
function runsOf(records: readonly LogRecord[]): LogRecord[][] {
  const runs: LogRecord[][] = [];
  for (const record of records) {
    const last = runs.at(-1);
    if (last?.[0].partition === record.partition) last.push(record);
    else runs.push([record]);
  }
  return runs;
}
