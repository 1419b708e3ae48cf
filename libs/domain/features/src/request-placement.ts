/** Finds, for each served list of a replay, the record before which the state is the one that the list was ranked with. */
import type { ImpressionsServed, Mark } from '@watchnext/contract';
import type { UserRecord } from './types';

export interface PlacedRequest {
  readonly served: ImpressionsServed;
  readonly recordIndex: number;
  /** The state after the records [0, stateIndex) is the list's; never more than `recordIndex`. */
  readonly stateIndex: number;
}

export interface Placement {
  /** Ascending by `stateIndex`, then by `recordIndex`. */
  readonly requests: PlacedRequest[];
  /** Lists whose mark lies before `initialMark`. */
  readonly unplacedCount: number;
}

/**
 * Lists without a mark, which imported logs have, are ranked with the state before them; those of one page and one moment with that
 * before the first of them, as what is known of the user is frozen for a page.
 *
 * @param records in log order: ascending by offset within each partition
 * @param isLive which of them will be folded at all; asked of each list once
 */
export function placeRequests(
  records: readonly UserRecord[],
  isLive: (index: number) => boolean,
  initialMark: Mark | undefined,
): Placement {
  // Made for the first list that has a mark: those of imported logs have none.
  let indexesByPartition: Map<string, number[]> | undefined;
  const requests: PlacedRequest[] = [];
  let unplacedCount = 0;
  let page: { readonly pageId: string; readonly requestedAtMs: number; readonly stateIndex: number } | undefined;
  for (let recordIndex = 0; recordIndex < records.length; recordIndex++) {
    const { body } = records[recordIndex].event;
    if (body?.$case !== 'impressionsServed' || !isLive(recordIndex)) continue;
    const served = body.value;
    const { mark } = served;
    const indexes = mark && (indexesByPartition ??= groupByPartition(records)).get(partitionKey(mark));
    if (mark !== undefined && isBefore(mark, initialMark, indexes !== undefined)) {
      unplacedCount++;
      continue;
    }
    if (mark !== undefined) {
      const stateIndex = Math.min(afterMark(records, indexes ?? [], mark.offset), recordIndex);
      requests.push({ served, recordIndex, stateIndex });
      continue;
    }
    const { pageId } = served;
    const requestedAtMs = served.context?.requestedAtMs || records[recordIndex].event.occurredAtMs;
    if (page === undefined || pageId === '' || page.pageId !== pageId || page.requestedAtMs !== requestedAtMs)
      page = { pageId, requestedAtMs, stateIndex: recordIndex };
    requests.push({ served, recordIndex, stateIndex: page.stateIndex });
  }
  requests.sort((left, right) => left.stateIndex - right.stateIndex || left.recordIndex - right.recordIndex);
  return { requests, unplacedCount };
}

/** A mark of a partition that neither the checkpoint nor any record is of belongs to an older version of the topic. */
function isBefore(mark: Mark, initialMark: Mark | undefined, hasRecords: boolean): boolean {
  if (initialMark === undefined) return false;
  return partitionKey(mark) === partitionKey(initialMark) ? mark.offset < initialMark.offset : !hasRecords;
}

/** One past the last of `indexes` whose record has an offset up to `offset`; 0 if there is none. */
function afterMark(records: readonly UserRecord[], indexes: readonly number[], offset: number): number {
  let low = 0;
  let high = indexes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (records[indexes[middle]].offset <= offset) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : indexes[low - 1] + 1;
}

function groupByPartition(records: readonly UserRecord[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  let last: UserRecord | undefined;
  let group: number[] = [];
  for (let index = 0; index < records.length; index++) {
    const record = records[index];
    // Most users have records of one partition only.
    if (record.partition !== last?.partition || record.topic !== last.topic) {
      const key = partitionKey(record);
      const known = groups.get(key);
      group = known ?? [];
      if (known === undefined) groups.set(key, group);
    }
    group.push(index);
    last = record;
  }
  return groups;
}

function partitionKey({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}
