/** Keeps the gateway's memory, catalogue and watch counts, up with the event log. */
import { TOPICS } from '@watchnext/contract';
import type { EventLog, Subscription } from '@watchnext/event-log';
import { mayBeWatch } from '@watchnext/features';
import { type Logger, SoundEvents, tailCatalogue } from '@watchnext/service';
import { inTurns } from '@watchnext/waiting';
import { v4 as randomId } from 'uuid';
import type { Catalogue } from './catalogue';
import type { TrendingVideos } from './trending';

/** Records of each activity partition that a starting gateway looks back on for its watch counts. */
const LOOK_BACK_RECORDS = 50_000;
/** Trends are of days: what comes at once with others costs the lists of the moment less. */
const WATCHES_LINGER_MS = 500;

/** Resolves once all that the catalogue topic held at the call is folded in; goes on live. */
export function followCatalogue(eventLog: EventLog, catalogue: Catalogue, logger: Logger): Promise<Subscription> {
  return tailCatalogue(eventLog, (event) => catalogue.apply(event), logger);
}

/**
 * Counts watches from the last `LOOK_BACK_RECORDS` of each partition on, in a group of its own: `tail` would read the
 * whole log from its beginning, which grows without end where the trend of past weeks weighs nothing.
 */
export async function followWatches(
  eventLog: EventLog,
  trending: TrendingVideos,
  logger: Logger,
): Promise<Subscription> {
  const sound = new SoundEvents(logger);
  const next = new Map<number, number>();
  for (const { partition, firstOffset, endOffset } of await eventLog.bounds(TOPICS.activity)) {
    next.set(partition, Math.max(firstOffset, endOffset - LOOK_BACK_RECORDS));
  }
  return eventLog.joinGroup(
    {
      topic: TOPICS.activity,
      groupId: `gateway-trending-${randomId()}`,
      ephemeral: true,
      lingerMs: WATCHES_LINGER_MS,
    },
    {
      // Retention may delete what is next meanwhile, or the log lose its end, and a trend goes on without it.
      resumeOffset: async (partition) => {
        const bounds = (await eventLog.bounds(TOPICS.activity)).find((each) => each.partition === partition);
        const wanted = next.get(partition) ?? 0;
        return bounds && Math.min(Math.max(wanted, bounds.firstOffset), bounds.endOffset);
      },
      onBatch: async ({ partition, records, nextOffset }) => {
        await inTurns(records, (record) => {
          // Most records are lists of many videos, and each gateway reads all of them.
          const event = mayBeWatch(record.value) ? sound.of(record) : undefined;
          if (event?.body?.$case === 'watch') {
            const { userId, videoId, playbackId } = event.body.value;
            trending.add(userId, videoId, playbackId, event.occurredAtMs);
          }
        });
        next.set(partition, nextOffset);
      },
      onError: (error, partition) => logger.warn({ err: error, partition }, 'could not count watches'),
    },
  );
}
