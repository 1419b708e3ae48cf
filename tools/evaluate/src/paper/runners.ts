/** Where units run: one at a time each, so that two of them keep two cores busy also while neither trains. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { askWorker, startWorker, type WorkerProgram } from '@watchnext/threads';
import type { Job } from './result-store';
import { runUnit, type UnitOptions } from './run-unit';
import type { UnitResult } from './units';
import type { WorkerDone, WorkerJob, WorkerProgress } from './worker';

export type OnUnitProgress = UnitOptions['onProgress'];

export interface UnitRunner {
  run(job: Job, onProgress: OnUnitProgress): Promise<UnitResult>;
  /** Spent so far beside this process. */
  processorSeconds(): number;
  close(): void;
}

/** In this process. */
export function runnerHere(options: Omit<UnitOptions, 'seed' | 'onProgress'>): UnitRunner {
  return {
    run: ({ unit, data, seed }, onProgress) => runUnit(unit, data, { ...options, seed, onProgress }),
    processorSeconds: () => 0,
    close: () => undefined,
  };
}

/** Two logs with their histories stay well below the heap's limit. */
const BUILT: WorkerProgram = { file: join(__dirname, 'worker.js'), execArgv: ['--max-old-space-size=6144'] };

/**
 * In a process of its own, which reads the logs from where they were kept.
 * @param fileOf where a log is kept
 * @param threads that a model is trained on there
 */
export function runnerApart(fileOf: (data: Job['data']) => string, threads: number, program = BUILT): UnitRunner {
  let child: ChildProcess | undefined;
  let spent = 0;
  return {
    async run({ data, unit, seed }, onProgress) {
      const job: WorkerJob = { file: fileOf(data), unit, seed, threads };
      child ??= startWorker(program);
      const { result, processorSeconds } = await askWorker<WorkerProgress, WorkerDone>(
        child,
        job,
        ({ share, detail }) => onProgress(share, detail),
      );
      spent = processorSeconds;
      return result;
    },
    processorSeconds: () => spent,
    close: () => child?.kill(),
  };
}
