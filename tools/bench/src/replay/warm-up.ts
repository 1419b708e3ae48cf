/** A replay of the last days alone, as if what lies before them were not there. */
import { TOPICS } from '@watchnext/contract';
import { spanOfDays } from '@watchnext/evaluation';
import type { EventArchive } from '@watchnext/event-archive';
import { DAY_MS } from '@watchnext/features';
import { NothingToReplayError } from '@watchnext/offline';

/** As it is where what lies before the warm-up is not read. */
export function withoutEarlier(archive: EventArchive, fromDay: string): EventArchive {
  return Object.create(archive, {
    readKeys: { value: (topic: string) => archive.readKeys(topic, { fromDay }) },
  }) as EventArchive;
}

/**
 * The first folder of the warm-up, by where the replay sees the log's end: from a stray of years ahead the days would all be before it.
 *
 * @throws NothingToReplayError for an empty archive
 */
export async function firstDayOf(archive: Pick<EventArchive, 'extent'>, days: number): Promise<string> {
  const extent = await archive.extent(TOPICS.activity);
  if (extent.days.length === 0) throw new NothingToReplayError('the archive holds no activity');
  return new Date(spanOfDays(extent.days).toMs - days * DAY_MS).toISOString().slice(0, 10);
}
