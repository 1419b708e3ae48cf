/** A whole WatchNext whose past is a simulated world: archive, event log and user states, as if it had always run. */
import { TOPICS, topicSpecs } from '@watchnext/contract';
import { startTask } from '@watchnext/command-line';
import type { LocalSystem } from '@watchnext/end-to-end';
import type { NewRecord } from '@watchnext/event-log';
import { FROZEN_PARTITIONS, generateArchive, type GeneratedArchive, type WorldOptions } from '@watchnext/simulator';

const RECORDS_PER_APPEND = 5_000;

/** Writes the world's archive straight, with a bar. */
export async function generateInto(
  system: LocalSystem,
  world: WorldOptions,
  workerCount: number,
): Promise<GeneratedArchive> {
  const living = startTask('Living the world', 'viewers');
  let archiving: ReturnType<typeof startTask> | undefined;
  const generated = await generateArchive({
    world,
    archiveFolder: system.archiveFolder,
    spillFolder: system.dataDirectory,
    partitionCount: FROZEN_PARTITIONS,
    workerCount,
    onProgress: (stage, done, total) => {
      if (stage === 'living') return living.update(done, total);
      if (!archiving) {
        living.finish();
        archiving = startTask('Writing the archive', 'events');
      }
      archiving.update(done, total);
    },
  });
  archiving?.finish();
  return generated;
}

/**
 * Puts what is archived into the event log too, record by record at the same offsets, so that ingestion finds a log whose
 * archive is complete and whose states are to be folded. For an empty log.
 */
export async function fillLog(system: LocalSystem, total: number): Promise<void> {
  const task = startTask('Filling the event log', 'events');
  const log = await system.openLog();
  const archive = system.openArchive();
  let done = 0;
  try {
    const { activity, catalog, snapshots, deadLetters } = topicSpecs(FROZEN_PARTITIONS);
    await log.ensureTopics([activity, catalog, snapshots, deadLetters]);
    for (const topic of [TOPICS.catalog, TOPICS.activity]) {
      let pending: NewRecord[] = [];
      const append = async () => {
        await log.append(topic, pending);
        done += pending.length;
        pending = [];
        task.update(done, total);
      };
      for await (const records of archive.read(topic, { order: 'offset' })) {
        for (const { key, value, timestampMs } of records) pending.push({ key, value, timestampMs });
        if (pending.length >= RECORDS_PER_APPEND) await append();
      }
      if (pending.length > 0) await append();
    }
    task.finish();
  } finally {
    await Promise.all([log.close(), archive.close()]);
  }
}

/** Lets ingestion fold the log into user states, and stops it. */
export async function foldStates(system: LocalSystem): Promise<void> {
  const task = startTask('Folding user states', 'events');
  let total = 0;
  await system.services.ingestion.start();
  await system.drained({
    onLag: ({ materialised, archived }) => {
      const left = Math.max(materialised, archived);
      total = Math.max(total, left);
      task.update(total - left, total);
    },
  });
  task.finish();
  await system.services.ingestion.stop();
}
