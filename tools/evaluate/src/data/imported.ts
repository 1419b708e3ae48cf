/** Data sets as archives. */
import { describeCounts, describeImport, importToArchive, type ImportToArchiveOptions } from '@watchnext/datasets';
import type { Progress } from '../progress';

/** Imports to `options.archive`, and says how far it is, and of what was left out: what is evaluated is what was left. */
export async function importShown(
  dataset: string,
  path: string,
  options: Omit<ImportToArchiveOptions, 'onSent'>,
  progress: Progress,
): Promise<void> {
  const task = progress.start(`import ${dataset}`, 'events');
  const onSent = (done: number, total: number) => task.update(done, total);
  const imported = await importToArchive(dataset, path, { ...options, onSent });
  task.finish(describeCounts(imported.summary.counts));
  for (const text of describeImport(imported)) progress.say(text);
}
