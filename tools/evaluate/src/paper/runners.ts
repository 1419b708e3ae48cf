/** Where units run: one at a time each, so that two of them keep two cores busy also while neither trains. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Job } from './result-store';
import { runUnit, type UnitOptions } from './run-unit';
import type { UnitResult } from './units';
import type { WorkerJob, WorkerReport } from './worker';

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

/** A worker ended or said that it failed. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

/** How a worker is started; specs run the source. */
export interface WorkerProgram {
  readonly file: string;
  readonly execArgv: readonly string[];
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
  const started = () =>
    (child ??= fork(program.file, [], {
      execArgv: [...program.execArgv],
      serialization: 'advanced',
      env: { ...process.env, NODE_OPTIONS: '' },
    }));
  return {
    async run({ data, unit, seed }, onProgress) {
      const job: WorkerJob = { file: fileOf(data), unit, seed, threads };
      const { result, processorSeconds } = await askOf(started(), job, onProgress);
      spent = processorSeconds;
      return result;
    },
    processorSeconds: () => spent,
    close: () => child?.kill(),
  };
}

function askOf(child: ChildProcess, job: WorkerJob, onProgress: OnUnitProgress) {
  return new Promise<Extract<WorkerReport, { kind: 'done' }>>((resolve, reject) => {
    const onMessage = (report: WorkerReport) => {
      if (report.kind === 'progress') return onProgress(report.share, report.detail);
      settle();
      if (report.kind === 'done') resolve(report);
      else reject(new WorkerError(report.message));
    };
    const onExit = (code: number | null, signal: string | null) => {
      settle();
      reject(new WorkerError(`a worker ended with ${signal ?? `code ${code}`}`));
    };
    const settle = () => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(job);
  });
}
