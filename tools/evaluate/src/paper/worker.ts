/** A process that runs units, told by its parent, and reports over the channel between them. */
import type { TrainingEngines } from '@watchnext/tensor';
import type { WorkerReport } from '@watchnext/threads';
import { trainingEngines } from '../training-engines';
import type { PaperData } from './data';
import { keptData } from './data-cache';
import { runUnit } from './run-unit';
import type { Unit, UnitResult } from './units';

export interface WorkerJob {
  /** Where the log is kept. */
  readonly file: string;
  readonly unit: Unit;
  readonly seed: number;
  readonly threads: number;
}

export interface WorkerProgress {
  readonly share: number;
  readonly detail: string;
}

export interface WorkerDone {
  readonly result: UnitResult;
  /** Of this process since it began. */
  readonly processorSeconds: number;
}

const PROGRESS_EVERY_MS = 1_000;
const report = (message: WorkerReport<WorkerProgress, WorkerDone>) => process.send?.(message);
const logs = new Map<string, PaperData>();
let engines: TrainingEngines | undefined;

function logOf(file: string): PaperData {
  let log = logs.get(file);
  if (!log) {
    log = keptData(file);
    if (!log) throw new Error(`${file} holds no log that this code made`);
    logs.set(file, log);
  }
  return log;
}

async function run({ file, unit, seed, threads }: WorkerJob): Promise<UnitResult> {
  engines ??= await trainingEngines(threads);
  let reportedAtMs = 0;
  return runUnit(unit, logOf(file), {
    seed,
    candidateEngine: engines.candidate,
    rankingEngine: engines.ranking,
    signal: new AbortController().signal,
    onProgress(share, detail) {
      if (Date.now() - reportedAtMs < PROGRESS_EVERY_MS) return;
      reportedAtMs = Date.now();
      report({ kind: 'progress', share, detail });
    },
  });
}

// Killed parents cannot stop their workers.
process.on('disconnect', () => process.exit(1));
process.on('message', (job: WorkerJob) => {
  run(job).then(
    (result) => {
      const { user, system } = process.cpuUsage();
      report({ kind: 'done', result, processorSeconds: (user + system) / 1e6 });
    },
    (error: unknown) => report({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});
