import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MALLOC_SETTINGS } from '@watchnext/config';

const REPOSITORY = resolve(__dirname, '..', '..', '..');
/** A service on a busy machine may take long to load its libraries. */
const START_LIMIT_MS = 180_000;

export type AppName = 'ingestion' | 'trainer' | 'retrieval' | 'ranking' | 'gateway';

/** One service, run from its built `main.js`, that can be killed and started again with the same settings. */
export class ServiceProcess {
  private child: ChildProcess | undefined;
  readonly logFile: string;

  constructor(
    readonly app: AppName,
    private readonly environment: Readonly<Record<string, string>>,
    logDirectory: string,
    private readonly args: readonly string[] = [],
    /** Options of Node itself. */
    private readonly nodeArgs: readonly string[] = [],
  ) {
    mkdirSync(logDirectory, { recursive: true });
    this.logFile = join(logDirectory, `${app}.log`);
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.app} is not running`);
    return this.child.pid;
  }

  /** Resolves when the service says that it is ready. @throws with its last log lines when it ends before */
  async start(): Promise<void> {
    const child = this.launch();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(this.failure('was not ready in time')), START_LIMIT_MS);
      child.on('message', (message) => {
        if ((message as { kind?: string }).kind !== 'ready') return;
        clearTimeout(timer);
        resolve();
      });
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        reject(this.failure(`ended with ${signal ?? `code ${code}`}`));
      });
    });
  }

  /** Runs a program that ends by itself, as the trainer with `--once`. @returns its exit code */
  async runToEnd(): Promise<number> {
    const child = this.launch();
    return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? (signal ? 128 : 1))));
  }

  /** kill -9, as a machine that loses power: nothing can be flushed. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** @returns its exit code; undefined where it did not run any more */
  stop(): Promise<number | undefined> {
    return this.end('SIGTERM');
  }

  logTail(lines = 20): string {
    return existsSync(this.logFile)
      ? readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
      : '';
  }

  private launch(): ChildProcess {
    const log = openSync(this.logFile, 'a');
    const child = fork(join(REPOSITORY, 'apps', this.app, 'dist', 'main.js'), this.args, {
      env: { ...withoutSettings(process.env), NODE_OPTIONS: '', ...MALLOC_SETTINGS, ...this.environment },
      execArgv: [...this.nodeArgs],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.child = child;
    return child;
  }

  private async end(signal: NodeJS.Signals): Promise<number | undefined> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return undefined;
    const gone = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 128)));
    child.kill(signal);
    return gone;
  }

  private failure(what: string): Error {
    return new Error(`${this.app} ${what}:\n${this.logTail()}`);
  }
}

/** A service gets the settings that it is given, and none that happen to be in the caller's environment. */
export function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('WATCHNEXT_')));
}
