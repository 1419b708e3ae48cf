/** The load's own process, seen from the bench. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { LoadJob, LoadMessage, LoadResult } from './load-job';

/** Its program, compiled: also where the bench runs from its sources, as in specs. */
const PROGRAM = join(__dirname, '..', '..', '..', 'dist', 'serve', 'load', 'load-program.js');

export interface LoadProgress {
  readonly answered: number;
  /** Neither 200 nor 429. */
  readonly failed: number;
}

export class LoadProcess {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(PROGRAM, [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** One job at a time. @throws Error when the process ends before it is done */
  run(job: LoadJob, onProgress: (progress: LoadProgress) => void = () => undefined): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the load generator ended with ${code ?? 'a signal'}`));
      const onMessage = (message: LoadMessage) => {
        if (message.kind === 'progress') return onProgress(message);
        this.child.off('exit', onExit).off('message', onMessage);
        resolve(message.result);
      };
      this.child.on('message', onMessage).once('exit', onExit);
      this.child.send(job);
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill('SIGKILL');
    await gone;
  }
}
