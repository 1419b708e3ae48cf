/**
 * One service, run from its built main: started, waited for until it says that it is ready, told of where it ends by itself, stopped,
 * and started again with the same settings. Should the process that started it die, the closed IPC channel tells the service
 * (`runService`).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { isMessage, SHUTDOWN_LIMIT_MS } from '@watchnext/config';
import { cutLargeLog, lastLines, sizeOf, textFrom } from './last-lines';

/** A service on a busy machine may take long to load its libraries. */
const START_LIMIT_MS = 180_000;
/** One that drains ends itself at its own limit, and may say so. */
const STOP_LIMIT_MS = SHUTDOWN_LIMIT_MS + 3_000;

export interface ServiceDefinition {
  readonly name: string;
  /** Path of the built program. */
  readonly main: string;
  readonly args?: readonly string[];
  /** Options of Node itself; default: those of this process. */
  readonly nodeArgs?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What the environment comes on top of; default: that of this process. */
  readonly inherited?: NodeJS.ProcessEnv;
  readonly startLimitMs?: number;
}

export interface ServiceProcessOptions {
  /** What it prints is appended there, behind the last MiB of what it has printed before where that is much; default: it prints where this process does. */
  readonly logFile?: string;
  /** A process group of its own, so that a Ctrl-C reaches this process alone and the order of stopping is its own. */
  readonly ownGroup?: boolean;
  /** As soon as the process is there. */
  readonly onSpawn?: (child: ChildProcess) => void;
  /** It was ready, and ended though nobody asked it to. */
  readonly onEnd?: (end: ProcessEnd) => void;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The service ended before it was ready, or was not ready in time. */
export class StartError extends Error {
  constructor(
    readonly what: string,
    /** What it said last; empty where it prints elsewhere. */
    readonly lines: readonly string[],
  ) {
    super(lines.length > 0 ? `${what}:\n${lines.join('\n')}` : what);
    this.name = 'StartError';
  }
}

export class ServiceProcess {
  private child: ChildProcess | undefined;
  /** Whose end was asked for. */
  private stopped: ChildProcess | undefined;
  /** Where the words of the process begin in the log. */
  private logStart = 0;

  constructor(
    readonly definition: ServiceDefinition,
    private readonly options: ServiceProcessOptions = {},
  ) {}

  get isRunning(): boolean {
    return this.child !== undefined && isRunning(this.child);
  }

  /** @throws Error where it is not running */
  get pid(): number {
    if (!this.isRunning) throw new Error(`${this.definition.name} is not running`);
    return this.child?.pid as number;
  }

  /** @throws Error where its output goes elsewhere */
  get logFile(): string {
    if (this.options.logFile === undefined) throw new Error(`${this.definition.name} has no log of its own`);
    return this.options.logFile;
  }

  /** Resolves when the service says that it is ready. @throws StartError */
  async start(): Promise<void> {
    const { name, startLimitMs = START_LIMIT_MS } = this.definition;
    const child = this.spawn();
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        child.kill('SIGKILL');
        reject(this.failure(`${name} was not ready after ${startLimitMs / 1_000} s`));
      }, startLimitMs);
      const endedTooEarly = (code: number | null, signal: NodeJS.Signals | null) => {
        clearTimeout(late);
        const what = this.stopped === child ? 'was stopped' : `did not start (${describeEnd({ code, signal })})`;
        reject(this.failure(`${name} ${what}`));
      };
      child.once('exit', endedTooEarly);
      child.once('error', (error) => {
        clearTimeout(late);
        reject(this.failure(`${name} could not be started: ${error.message}`));
      });
      child.on('message', (message) => {
        if (!isMessage('ready', message)) return;
        clearTimeout(late);
        // A later end is no failed start, for which the whole log would be read.
        child.off('exit', endedTooEarly);
        resolve();
      });
    });
    const tellEnd = (code: number | null, signal: NodeJS.Signals | null) => {
      if (this.stopped !== child) this.options.onEnd?.({ code, signal });
    };
    // It may have ended between its word and now.
    if (isRunning(child)) child.once('exit', tellEnd);
    else tellEnd(child.exitCode, child.signalCode);
  }

  /** Runs a program that ends by itself, as the trainer with `--once`. @param onMessage what it tells over the IPC channel */
  async run(onMessage?: (message: unknown) => void): Promise<ProcessEnd> {
    const child = this.spawn();
    if (onMessage !== undefined) child.on('message', onMessage);
    return ended(child);
  }

  /** As `run`. @returns its exit code, as a shell has it */
  async runToEnd(): Promise<number> {
    return exitCodeOf(await this.run());
  }

  /** SIGTERM, then SIGKILL for one that does not drain. @returns its exit code; undefined where it did not run any more */
  stop(): Promise<number | undefined> {
    return this.end('SIGTERM');
  }

  /** kill -9, as a machine that loses power: nothing can be flushed. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** What the process printed since it was started, where it has a log. */
  printed(): string {
    return textFrom(this.logFile, this.logStart);
  }

  /** The last lines of its log; of an earlier process too, where none was started by this. */
  logTail(count?: number): string {
    return this.lastLines(count).join('\n');
  }

  lastLines(count?: number): string[] {
    return this.options.logFile === undefined ? [] : lastLines(this.options.logFile, count, this.logStart);
  }

  /** @throws Error where it runs already: nobody could stop that process any more */
  private spawn(): ChildProcess {
    if (this.isRunning) throw new Error(`${this.definition.name} is running already`);
    const { main, args = [], nodeArgs = process.execArgv, environment, inherited = process.env } = this.definition;
    const log = this.openLog();
    try {
      this.child = fork(main, args, {
        env: { ...inherited, ...environment },
        execArgv: [...nodeArgs],
        stdio: log === undefined ? 'inherit' : ['ignore', log, log, 'ipc'],
        detached: this.options.ownGroup === true && process.platform !== 'win32',
      });
    } finally {
      if (log !== undefined) closeSync(log);
    }
    this.options.onSpawn?.(this.child);
    return this.child;
  }

  private openLog(): number | undefined {
    const { logFile } = this.options;
    if (logFile === undefined) return undefined;
    mkdirSync(dirname(logFile), { recursive: true });
    cutLargeLog(logFile);
    this.logStart = sizeOf(logFile);
    return openSync(logFile, 'a');
  }

  private async end(signal: NodeJS.Signals): Promise<number | undefined> {
    const { child } = this;
    if (child === undefined || !isRunning(child)) return undefined;
    this.stopped = child;
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    const gone = ended(child);
    child.kill(signal);
    return exitCodeOf(await gone.finally(() => clearTimeout(late)));
  }

  private failure(what: string): StartError {
    return new StartError(what, this.lastLines());
  }
}

const isRunning = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid !== undefined && exitCode === null && signalCode === null;

/** @throws what kept it from being started */
async function ended(child: ChildProcess): Promise<ProcessEnd> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

const exitCodeOf = ({ code, signal }: ProcessEnd): number => code ?? 128 + constants.signals[signal as NodeJS.Signals];

export const describeEnd = ({ code, signal }: ProcessEnd): string =>
  signal === null ? `exit code ${code}` : `killed by ${signal}`;
