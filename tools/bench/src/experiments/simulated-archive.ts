import { Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive, type EventArchive } from '@watchnext/event-archive';
import { generateHistory, type World } from '@watchnext/simulator';

/** The activity of a world's history, archived as one partition in the order of delivery. */
export async function archiveHistory(folder: string, world: World): Promise<EventArchive> {
  const archive = openParquetArchive(folder);
  const activity = generateHistory(world).events.filter(({ body }) => body?.$case !== 'videoUpserted');
  await archive.write(
    TOPICS.activity,
    0,
    activity.map((event, offset) => ({
      topic: TOPICS.activity,
      partition: 0,
      offset,
      timestampMs: event.receivedAtMs,
      key: (event.body!.value as { userId: string }).userId,
      value: Event.encode(event).finish(),
    })),
  );
  return archive;
}
