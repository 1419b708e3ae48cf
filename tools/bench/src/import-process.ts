/** The importing side of `bench import`: node import-process.js LOG MAPPING ARCHIVE DRAWN-LISTS */
import { importToArchive, startTask } from '@watchnext/datasets';
import type { ImportFigures } from './import';

async function run([log, mappingFile, archive, drawnLists]: string[]): Promise<ImportFigures> {
  const startedAt = performance.now();
  let task = startTask('Reading', 'rows');
  const { sent } = await importToArchive('table', log, {
    archive,
    mappingFile,
    drawLists: drawnLists === 'true',
    onReading: (file, rows) => task.update(rows, 0, file),
    onLoaded: () => {
      task.finish();
      task = startTask('Writing', 'events');
    },
    onSent: (done, total) => task.update(done, total),
  });
  task.finish();
  return {
    seconds: (performance.now() - startedAt) / 1_000,
    eventCount: sent,
    // Kilobytes on Linux, and libuv makes it so elsewhere.
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
  };
}

void run(process.argv.slice(2)).then(
  (figures) => process.send?.(figures, () => process.exit(0)),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
