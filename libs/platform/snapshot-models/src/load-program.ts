/** The program of a thread that reads one snapshot's models, hands them over, and ends: what it took to read them is freed. */
import { parentPort, workerData } from 'node:worker_threads';
import { yieldToOthers } from '@watchnext/threads';
import { readCandidateFiles, readRankingFiles } from './read-parts';

export type LoadTask =
  | {
      readonly model: 'candidate';
      readonly directory: string;
      readonly withColdStart: boolean;
      /** Of the index, where it has one. */
      readonly radius: number | undefined;
    }
  | { readonly model: 'ranking'; readonly directory: string };

async function load(task: LoadTask): Promise<unknown> {
  return task.model === 'candidate'
    ? readCandidateFiles(task.directory, task.withColdStart, task.radius)
    : readRankingFiles(task.directory);
}

// Requests go on while a snapshot is read.
yieldToOthers();
// Not caught: an error here is one of the thread, which whoever started it hears of.
void load(workerData as LoadTask).then((files) => parentPort?.postMessage(files));
