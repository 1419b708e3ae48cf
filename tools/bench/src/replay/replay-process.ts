/** The replaying side of `bench replay`: node replay-process.js ARCHIVE PARTITIONS [profile] [digest] */
import { TOPICS } from '@watchnext/contract';
import { startTask } from '@watchnext/datasets';
import { openParquetArchive } from '@watchnext/event-archive';
import { readCatalogue, type ReplayedLog, readUserRecords, replayArchive } from '@watchnext/offline';
import { digestOf } from './digest';
import type { ReplayFigures, StageFigures } from './replay';
import { type PartOfTime, timeByPart } from './time-by-part';

const DAY_MS = 86_400_000;
const EXAMPLES_PER_USER = 1_000;

async function run([folder, partitions, ...asked]: string[]): Promise<ReplayFigures> {
  const partitionCount = Number(partitions);
  const { signal } = new AbortController();
  const archive = openParquetArchive(folder);
  const stages: StageFigures[] = [];
  const measure = async (stage: StageFigures['stage'], work: () => Promise<number>) => {
    const [startedAt, usage] = [performance.now(), process.cpuUsage()];
    const events = await work();
    const { user, system } = process.cpuUsage(usage);
    stages.push({
      stage,
      events,
      seconds: (performance.now() - startedAt) / 1_000,
      processorSeconds: (user + system) / 1e6,
    });
  };
  try {
    await measure('read', async () => {
      let events = 0;
      for await (const records of archive.read(TOPICS.activity, { order: 'key' })) events += records.length;
      return events;
    });
    await measure('decode', async () => {
      const counts = { recordCount: 0, undecodableCount: 0, misplacedCount: 0 };
      for await (const _user of readUserRecords(archive, TOPICS.activity, partitionCount, counts, signal));
      return counts.recordCount;
    });
    const catalogue = await readCatalogue(archive, signal);
    const task = startTask('Replaying', 'events');
    let examples = { candidateExamples: 0, rankingExamples: 0 };
    let made: ReplayedLog | undefined;
    const replay = () =>
      measure('replay', async () => {
        const options = { partitionCount, joinWindowMs: DAY_MS, examplesPerUser: EXAMPLES_PER_USER };
        const { replayed } = await replayArchive(archive, catalogue, options, signal, (done, total) =>
          task.update(done, total),
        );
        examples = {
          candidateExamples: replayed.candidateExamples.length,
          rankingExamples: replayed.rankingExamples.length,
        };
        if (asked.includes('digest')) made = replayed;
        return replayed.recordCount;
      });
    let parts: PartOfTime[] | undefined;
    if (asked.includes('profile')) parts = await timeByPart(replay);
    else await replay();
    task.finish();
    const duckdb = await archive.analyse(TOPICS.activity, {}, async (table) =>
      String((await table.rows('SELECT version() AS version'))[0].version),
    );
    // Kilobytes on Linux, and libuv makes it so elsewhere.
    const peakMemoryMiB = Math.round(process.resourceUsage().maxRSS / 1_024);
    const digest = made && digestOf(made);
    return { stages, ...examples, peakMemoryMiB, duckdb, ...(parts && { parts }), ...(digest && { digest }) };
  } finally {
    await archive.close();
  }
}

void run(process.argv.slice(2)).then(
  (figures) => process.send?.(figures, () => process.exit(0)),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
