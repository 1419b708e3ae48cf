/** Puts a recording into the embedded stores of a data folder, as they were when it was made. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedPaths } from '@watchnext/config';
import { Event, TOPICS, topicSpecs } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { openEmbeddedEventLog } from '@watchnext/event-log';
import { openEmbeddedFeatureStore } from '@watchnext/feature-store';
import { openFolderSnapshotStore } from '@watchnext/snapshot-store';
import { archiveFolder, type Recording, snapshotFolder } from './recording';

export function fillArchive(folder: string, dataDirectory: string): void {
  cpSync(archiveFolder(folder), embeddedPaths(dataDirectory).archive, { recursive: true });
}

/** The snapshot's folder as it was published, manifest and all. */
export async function fillSnapshots(folder: string, { about }: Recording, dataDirectory: string): Promise<void> {
  const { snapshots } = embeddedPaths(dataDirectory);
  cpSync(snapshotFolder(folder), join(snapshots, about.snapshotId), { recursive: true });
  const store = openFolderSnapshotStore(snapshots);
  try {
    await store.movePointer(undefined, about.snapshotId);
  } finally {
    await store.close();
  }
}

/** Every record of the archive at its offset, so that the states' marks say what they said. */
export async function fillEventLog(folder: string, dataDirectory: string, partitionCount: number): Promise<void> {
  const log = openEmbeddedEventLog(embeddedPaths(dataDirectory).eventLog);
  const archive = openParquetArchive(archiveFolder(folder));
  try {
    await log.ensureTopics(Object.values(topicSpecs(partitionCount)));
    for (const topic of [TOPICS.activity, TOPICS.catalog]) {
      for await (const records of archive.read(topic, { order: 'offset' })) {
        await log.append(
          topic,
          records.map(({ key, value, timestampMs }) => ({ key, value, timestampMs })),
        );
      }
    }
  } finally {
    await Promise.all([log.close(), archive.close()]);
  }
}

export async function fillFeatureStore({ states }: Recording, dataDirectory: string): Promise<void> {
  const store = openEmbeddedFeatureStore(embeddedPaths(dataDirectory).featureStore);
  try {
    for (const mark of states.marks) {
      const users = states.users.filter(({ partition }) => partition === mark.partition);
      await store.commit(mark.partition, {
        expected: undefined,
        next: mark,
        states: new Map(users.map(({ userId, state }) => [userId, state])),
      });
    }
  } finally {
    await store.close();
  }
}

/** What producers sent, videos first, in the order of arrival; without what the gateway itself logged. */
export async function sentEvents(folder: string): Promise<Event[]> {
  const archive = openParquetArchive(archiveFolder(folder));
  try {
    const events: Event[] = [];
    for (const topic of [TOPICS.catalog, TOPICS.activity]) {
      for await (const records of archive.read(topic, { order: 'offset' })) {
        events.push(...records.map(({ value }) => asSent(Event.decode(value))).filter(({ backfill }) => backfill));
      }
    }
    return events;
  } finally {
    await archive.close();
  }
}

/** The collector fills the history of a merge in by itself, and takes none. */
function asSent(event: Event): Event {
  if (event.body?.$case !== 'userMerged') return event;
  return { ...event, body: { ...event.body, value: { ...event.body.value, history: undefined } } };
}
