/** The replaying side of `bench replay`: node replay-process.js TASK, the task as JSON. */
import { TOPICS } from '@watchnext/contract';
import { startTask } from '@watchnext/command-line';
import { openParquetArchive } from '@watchnext/event-archive';
import { DAY_MS } from '@watchnext/features';
import { readCatalogue, type ReplayedLog, readUserRecords, replayArchive } from '@watchnext/offline';
import { tellFigures } from '../tell-figures';
import { digestOf } from './digest';
import type { ReplayFigures, ReplayTask, StageFigures } from './replay';
import { type PartOfTime, timeByPart } from './time-by-part';
import { firstDayOf, withoutEarlier } from './warm-up';
import { type WindowDifference, windowDifference } from './window-difference';

const EXAMPLES_PER_USER = 1_000;

async function run(task: ReplayTask): Promise<ReplayFigures> {
  const { folder, partitionCount, trainingDays, warmUpDays, asked } = task;
  const { signal } = new AbortController();
  const whole = openParquetArchive(folder);
  let archive = whole;
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
    if (trainingDays !== undefined && warmUpDays !== undefined) {
      archive = withoutEarlier(whole, await firstDayOf(whole, trainingDays + warmUpDays));
    }
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
    const options = { partitionCount, joinWindowMs: DAY_MS, examplesPerUser: EXAMPLES_PER_USER };
    const windowed = trainingDays === undefined ? options : { ...options, exampleDays: trainingDays };
    const replay = () =>
      measure('replay', async () => {
        const { replayed } = await replayArchive(archive, catalogue, windowed, signal, (done, total) =>
          task.update(done, total),
        );
        examples = {
          candidateExamples: replayed.candidateExamples.length,
          rankingExamples: replayed.rankingExamples.length,
        };
        if (asked.includes('digest') || asked.includes('difference')) made = replayed;
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
    const digest = made && asked.includes('digest') && digestOf(made);
    let difference: WindowDifference | undefined;
    if (made && asked.includes('difference')) {
      difference = windowDifference(made, (await replayArchive(whole, catalogue, options, signal)).replayed);
    }
    return {
      stages,
      ...examples,
      peakMemoryMiB,
      duckdb,
      ...(parts && { parts }),
      ...(digest && { digest }),
      ...(difference && { difference }),
    };
  } finally {
    await whole.close();
  }
}

tellFigures(run(JSON.parse(process.argv[2]) as ReplayTask));
