/**
 * One service as a process of its own: started from its built main, its output in a log file, watched, restarted with
 * back-off after a crash. It runs in a process group of its own, so that a Ctrl-C reaches the launcher alone and the
 * order of stopping is the launcher's; should the launcher die, the closed IPC channel tells the service (`runService`).
 */
import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { setPriority } from 'node:os';
import { LaunchError } from './launch-error';

export interface ServiceDefinition {
  readonly name: string;
  /** Path of the built entry. */
  readonly main: string;
  readonly args?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Once it is ready; default: that of this process. */
  readonly niceness?: number;
  /** Default: a minute. */
  readonly startLimitMs?: number;
}

export interface ServiceEvents {
  /** The process ended though nobody asked it to; it comes again after `delayMs`. */
  readonly onCrash: (service: string, how: string, delayMs: number) => void;
  readonly onRestarted: (service: string) => void;
  readonly onProcessesChanged: () => void;
}

const START_LIMIT_MS = 60_000;
/** Above runService's own limit of ten seconds. */
const STOP_LIMIT_MS = 13_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** After running this long, a crash counts as the first again. */
const STEADY_MS = 60_000;
const LAST_LINES = 15;

export class ServiceProcess {
  private child: ChildProcess | undefined;
  private stopping = false;
  private delayMs = FIRST_DELAY_MS;
  private restartTimer: NodeJS.Timeout | undefined;
  /** Where the words of the process begin in the log. */
  private logStart = 0;

  constructor(
    readonly definition: ServiceDefinition,
    private readonly logFile: string,
    private readonly events: ServiceEvents,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when the service says that it is ready. @throws LaunchError with its last words when it ends before */
  async start(): Promise<void> {
    const { name, startLimitMs = START_LIMIT_MS } = this.definition;
    if (this.stopping) throw new LaunchError(`${name} was stopped`);
    const child = this.spawn();
    const startedAtMs = Date.now();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(this.failure(`${name} was not ready after ${startLimitMs / 1_000} s`));
      }, startLimitMs);
      const ended = (code: number | null, signal: NodeJS.Signals | null) => {
        clearTimeout(timer);
        reject(
          this.stopping
            ? new LaunchError(`${name} was stopped`)
            : this.failure(`${name} did not start (${describeEnd(code, signal)})`),
        );
      };
      child.once('exit', ended);
      child.once('error', (error) => {
        clearTimeout(timer);
        reject(this.failure(`${name} could not be started: ${error.message}`));
      });
      child.on('message', (message: { kind?: string }) => {
        if (message?.kind !== 'ready') return;
        clearTimeout(timer);
        child.off('exit', ended);
        resolve();
      });
    });
    this.lowerPriority(child);
    child.once('exit', (code, signal) => this.ended(code, signal, startedAtMs));
    // It may have ended between its word and now.
    if (child.exitCode !== null || child.signalCode !== null) this.ended(child.exitCode, child.signalCode, startedAtMs);
  }

  /** Starts what the others can do without: where it does not start, that is told as a crash is, and it is tried again later. */
  startAnyway(): void {
    this.start().catch((error: Error) => this.tryAgain(error));
  }

  /** SIGTERM, then SIGKILL for one that does not drain. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restartTimer);
    await endProcess(this.child);
  }

  /** At once, without draining. */
  kill(): void {
    this.stopping = true;
    clearTimeout(this.restartTimer);
    this.child?.kill('SIGKILL');
  }

  private spawn(): ChildProcess {
    this.logStart = sizeOf(this.logFile);
    this.child = forkLogged(this.definition, this.logFile);
    this.events.onProcessesChanged();
    return this.child;
  }

  private ended(code: number | null, signal: NodeJS.Signals | null, startedAtMs: number): void {
    if (this.stopping) return;
    this.child = undefined;
    if (Date.now() - startedAtMs >= STEADY_MS) this.delayMs = FIRST_DELAY_MS;
    this.restartLater(describeEnd(code, signal));
  }

  private restartLater(how: string): void {
    const delayMs = this.delayMs;
    this.delayMs = Math.min(LONGEST_DELAY_MS, 2 * delayMs);
    this.events.onCrash(this.definition.name, how, delayMs);
    this.restartTimer = setTimeout(() => {
      this.start().then(
        () => this.events.onRestarted(this.definition.name),
        (error: Error) => this.tryAgain(error),
      );
    }, delayMs);
  }

  private tryAgain(error: Error): void {
    if (!this.stopping) this.restartLater(error.message.split('\n')[0]);
  }

  private lowerPriority({ pid }: ChildProcess): void {
    const { niceness } = this.definition;
    if (niceness === undefined || pid === undefined) return;
    try {
      setPriority(pid, niceness);
    } catch {
      // Not every system lets a process do so; it only matters for how smoothly things go on.
    }
  }

  private failure(what: string): LaunchError {
    const lines = lastLines(this.logFile, this.logStart);
    return new LaunchError(
      [`${what}.`, ...(lines.length > 0 ? ['Its last words:', ...lines.map((line) => `  ${line}`)] : [])].join('\n'),
      remedyFor(lines.join('\n'), this.logFile),
    );
  }
}

/** Starts a process with an IPC channel; what it prints is appended to the log file. */
export function forkLogged({ main, args = [], environment }: ServiceDefinition, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a');
  try {
    return fork(main, args, {
      stdio: ['ignore', log, log, 'ipc'],
      detached: process.platform !== 'win32',
      env: { ...process.env, ...environment },
    });
  } finally {
    closeSync(log);
  }
}

/** Resolves when the process has ended. */
export async function endProcess(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

export function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit code ${code}` : `killed by ${signal}`;
}

/** Of a log file, for `lastLines`; 0 where there is none yet. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The end of a log file, cut to a readable width. @param start in bytes: what lies before it an earlier process has said */
export function lastLines(file: string, start: number): string[] {
  try {
    return readFileSync(file)
      .subarray(start)
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .slice(-LAST_LINES)
      .map((line) => (line.length > 400 ? `${line.slice(0, 400)}…` : line));
  } catch {
    return [];
  }
}

/** What usually helps, from what the service said. */
export function remedyFor(words: string, logFile: string): string {
  if (/EADDRINUSE|No address added|already in use/i.test(words))
    return 'Its port was taken while it started: start again, or choose another with --port.';
  if (/Cannot find module/.test(words))
    return 'It is not built, or not installed: `npm start` does both; or run `node tools/prepare.js`.';
  if (/configuration is not usable/.test(words)) return 'Correct or unset the variables named above.';
  if (/ENOSPC/.test(words)) return 'The disk is full: free some space, or choose another folder with --data.';
  if (/EACCES|EPERM/.test(words)) return 'Something may not be read or written: check the rights of the data folder.';
  return `The whole story stands in ${logFile}.`;
}
