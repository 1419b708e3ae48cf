/** The replay of an archive's folder, shown as it goes. Apart from `data/archive`, whose code the kept data hang on. */
import type { ReplayedLog } from '@watchnext/offline';
import { type ArchiveOptions, replayFolder } from './data/archive';
import type { Progress } from './progress';

/** @throws as `replayFolder` */
export async function showReplay(
  folder: string,
  options: Omit<ArchiveOptions, 'onProgress'>,
  progress: Progress,
): Promise<ReplayedLog> {
  const task = progress.start('replay', 'records');
  const onProgress = (done: number, total: number) => task.update(done, total);
  const replayed = await replayFolder(folder, { ...options, onProgress });
  task.finish();
  return replayed;
}
