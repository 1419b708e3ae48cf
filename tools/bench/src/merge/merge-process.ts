/** One step of `bench merge-archive` in a process of its own: node merge-process.js LOCATION read|merge */
import { TOPICS } from '@watchnext/contract';
import { tellFigures } from '../tell-figures';
import { type ArchiveLocation, openAt } from './archive-location';
import type { StepFigures } from './merge-bench';

const MAX_FILE_BYTES = 512 * 2 ** 20;

async function run([location, step]: string[]): Promise<StepFigures> {
  const archive = openAt(JSON.parse(location) as ArchiveLocation);
  const startedAt = performance.now();
  let recordCount = 0;
  try {
    if (step === 'merge') await archive.merge(TOPICS.activity, { graceMs: 0, maxFileBytes: MAX_FILE_BYTES });
    else for await (const records of archive.read(TOPICS.activity, { order: 'key' })) recordCount += records.length;
  } finally {
    await archive.close();
  }
  const { user, system } = process.cpuUsage();
  return {
    seconds: (performance.now() - startedAt) / 1_000,
    processorSeconds: (user + system) / 1e6,
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
    recordCount,
  };
}

tellFigures(run(process.argv.slice(2)));
