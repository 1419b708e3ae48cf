import type { VideoFacts } from '@watchnext/contract';
import type { EventArchive, KeyedRecords } from '@watchnext/event-archive';
import { partitionOf } from '@watchnext/event-log';
import { type UserRecord, userIdOf } from '@watchnext/features';
import { type DecodedEvent, EventDecoder, NO_NUMBER } from './event-decoder';
import { NothingToReplayError } from './errors';
import { TextTable } from './examples/columns';

/** One user's records in log order. */
export interface UserRecords {
  readonly userId: string;
  readonly records: readonly DecodedRecord[];
}

/** Whose event is no plain object. */
export interface DecodedRecord extends UserRecord {
  readonly event: DecodedEvent;
}

/** What was read so far, and what of it was left out. */
export interface ReadCounts {
  recordCount: number;
  /** Bytes that are no event; they are among the dead letters. */
  undecodableCount: number;
  /** Under a key that is not their user's, or in a partition that is not their key's: the materialiser has sent them on. */
  misplacedCount: number;
}

/**
 * Signs of another partition count than the log's. With a smaller one there are partitions beyond it. With a larger one records belong in
 * partitions of which the archive has nothing, all of every second key where it is twice the log's; and where it is no multiple, fewer, but
 * most lie elsewhere then. What a producer misplaced is no sign: the materialiser has written it again where it belongs, so of any log it is
 * less than half.
 */
const MOST_NOWHERE = 0.01;
const MOST_ELSEWHERE = 0.55;

/**
 * Streams the archive user by user; only one user's events are in memory at a time, beside a partition's bytes.
 * @param videos where the records' numbers of videos are given
 * @param facts of videos, by their ids, to use again where an event says the same
 * @throws NothingToReplayError where `partitionCount` cannot be the log's: the users whose records it would leave out are too many
 *   to go on without them
 */
export async function* readUserRecords(
  archive: Pick<EventArchive, 'readKeys'>,
  topic: string,
  partitionCount: number,
  counts: ReadCounts,
  signal: AbortSignal,
  videos = new TextTable(),
  facts: ReadonlyMap<string, VideoFacts> = new Map(),
): AsyncGenerator<UserRecords> {
  const decoder = new EventDecoder(videos, facts);
  const present = new Set<number>();
  const elsewhereCounts = new Map<number, number>();
  for await (const batch of archive.readKeys(topic)) {
    signal.throwIfAborted();
    for (const keyed of batch) {
      counts.recordCount += keyed.length;
      if (keyed.partition >= partitionCount) {
        throw wrongPartitionCount(`the archive has a partition ${keyed.partition} of ${topic}`, partitionCount);
      }
      present.add(keyed.partition);
      const own = partitionOf(keyed.key, partitionCount);
      if (own !== keyed.partition) {
        elsewhereCounts.set(own, (elsewhereCounts.get(own) ?? 0) + keyed.length);
        counts.misplacedCount += keyed.length;
        continue;
      }
      const records = decodeRecords(keyed, decoder, videos, counts);
      if (records.length > 0) yield { userId: keyed.key, records };
    }
  }
  const missing = [...elsewhereCounts].filter(([partition]) => !present.has(partition));
  const nowhereCount = missing.reduce((sum, [, count]) => sum + count, 0);
  const elsewhereCount = [...elsewhereCounts.values()].reduce((sum, count) => sum + count, 0);
  if (nowhereCount > MOST_NOWHERE * counts.recordCount || elsewhereCount > MOST_ELSEWHERE * counts.recordCount) {
    const what = `${elsewhereCount} of ${counts.recordCount} records of ${topic} lie in other partitions than their keys'`;
    throw wrongPartitionCount(
      `${what}, ${nowhereCount} of them with nothing in the archive where they belong`,
      partitionCount,
    );
  }
}

const wrongPartitionCount = (what: string, partitionCount: number) =>
  new NothingToReplayError(
    `${what}: is WATCHNEXT_ACTIVITY_PARTITIONS (${partitionCount}) the topic's number of partitions? Set it to that; if it is, ` +
      'a producer places records by something else than their key, and no materialiser has sent them on',
  );

function decodeRecords(
  keyed: KeyedRecords,
  decoder: EventDecoder,
  videos: TextTable,
  counts: ReadCounts,
): DecodedRecord[] {
  const { topic, partition, key, length } = keyed;
  const records: DecodedRecord[] = [];
  for (let i = 0; i < length; i++) {
    let event: DecodedEvent;
    try {
      event = decoder.decode(keyed.buffer(i), keyed.valueStart(i), keyed.valueEnd(i));
    } catch {
      counts.undecodableCount += 1;
      continue;
    }
    if (userIdOf(event) !== key) {
      counts.misplacedCount += 1;
      continue;
    }
    // A producer that wrote to the log itself may leave the time of receipt to the record.
    event.receivedAtMs ||= keyed.timestampMs(i);
    const { textsAreSound, seenEvent } = decoder;
    let { videoNumber, itemNumbers } = decoder;
    const { body } = event;
    if (body?.$case === 'watch' && videoNumber === NO_NUMBER) videoNumber = videos.numberOf(body.value.videoId);
    if (body?.$case === 'impressionsServed' && !itemNumbers?.every((number) => number !== NO_NUMBER)) {
      itemNumbers = body.value.items.map(({ videoId }) => videos.numberOf(videoId));
    }
    records.push({
      topic,
      partition,
      offset: keyed.offset(i),
      event,
      textsAreSound,
      seenEvent,
      videoNumber: body?.$case === 'watch' ? videoNumber : undefined,
      itemNumbers: body?.$case === 'impressionsServed' ? itemNumbers : undefined,
    });
  }
  return records;
}
