/** A process that does one of the two halves, told by its parent, and reports over the channel between them. */
import { openParquetArchive } from '@watchnext/event-archive';
import type { WorkerReport } from '@watchnext/threads';
import { archivePartition } from './archive-partition';
import { tellLives } from './tell-lives';
import type { WorkerDone, WorkerProgress, WorkerTask } from './worker-pool';

const report = (message: WorkerReport<WorkerProgress, WorkerDone>) =>
  new Promise<void>((resolve) => process.send?.(message, undefined, undefined, () => resolve()));

async function run(task: WorkerTask): Promise<unknown> {
  if (task.kind === 'tell') {
    const result = await tellLives(task, (viewers, records) => void report({ kind: 'progress', viewers, records }));
    return { ...result, popularity: result.popularity.toColumns() };
  }
  const archive = task.archiveFolder === undefined ? undefined : openParquetArchive(task.archiveFolder);
  try {
    return await archivePartition(
      archive,
      task.spillFolder,
      task.partition,
      (records) => void report({ kind: 'progress', viewers: 0, records }),
    );
  } finally {
    await archive?.close();
  }
}

// Killed parents cannot stop their workers.
process.on('disconnect', () => process.exit(1));
process.on('message', (task: WorkerTask) => {
  run(task).then(
    (result) => report({ kind: 'done', result }),
    (error: Error) => {
      const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
      return report({ kind: 'failed', message: `${error.message}${cause}` });
    },
  );
});
