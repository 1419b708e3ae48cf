/** Appends that a log takes whatever their number of records: Kafka refuses for ever what is too large for one batch. */
import { EventLogError, type EventLog, type NewRecord } from './port';

/**
 * What a reader is given at once weighs no more, headers included, but for one record that does by itself: a batch of ten thousand
 * records may else be of any size.
 */
export const MAX_READ_BYTES = 8 * 2 ** 20;

/** Of one append, all of which may lie in one partition: well below the 1 MiB that brokers take in a batch by default. */
export const SLICE_BYTES = 500_000;
/** What a record costs beside key, value and headers, about. */
const RECORD_OVERHEAD_BYTES = 64;

/** About what a record takes of an append, before compression. */
export function bytesOf({ key, value, headers = {} }: NewRecord): number {
  const named = Object.entries(headers).reduce((sum, [name, text]) => sum + name.length + text.length, 0);
  return value.byteLength + key.length + named + RECORD_OVERHEAD_BYTES;
}

/** The records in their order, cut where one append should end; one that is too large for any is alone in its slice. */
export function slicesOf<Item extends NewRecord>(records: readonly Item[]): Item[][] {
  const slices: Item[][] = [];
  let bytes = Infinity;
  for (const record of records) {
    const size = bytesOf(record);
    bytes += size;
    if (bytes > SLICE_BYTES) {
      slices.push([]);
      bytes = size;
    }
    (slices.at(-1) as Item[]).push(record);
  }
  return slices;
}

/** Appends slice by slice. Where one fails those before it are in the log: for records that may come twice. @throws as `append` */
export async function appendInSlices(
  log: Pick<EventLog, 'append'>,
  topic: string,
  records: readonly NewRecord[],
): Promise<void> {
  for (const slice of slicesOf(records)) await log.append(topic, slice);
}

/**
 * Appends all that the log takes, slice by slice. A slice that it refuses for ever as too large goes again in halves, until what is to blame is alone.
 * @returns what is too large by itself: that is not in the log
 * @throws as `append` for any other reason; what came before is then in the log
 */
export async function appendFitting<Item extends NewRecord>(
  log: Pick<EventLog, 'append'>,
  topic: string,
  records: readonly Item[],
  signal?: AbortSignal,
): Promise<Item[]> {
  const tooLarge: Item[] = [];
  const slices = slicesOf(records);
  for (let slice = slices.shift(); slice; slice = slices.shift()) {
    try {
      await log.append(topic, slice, signal);
    } catch (error) {
      if (!(error instanceof EventLogError) || error.code !== 'record-too-large') throw error;
      const middle = slice.length >> 1;
      if (middle === 0) tooLarge.push(slice[0] as Item);
      else slices.unshift(slice.slice(0, middle), slice.slice(middle));
    }
  }
  return tooLarge;
}
