/** A service that is kept up: watched, and restarted with back-off after a crash. */
import { setPriority } from 'node:os';
import { describeEnd, type ServiceDefinition, ServiceProcess, StartError } from '@watchnext/service-process';
import { LaunchError } from './launch-error';

export interface KeptServiceDefinition extends ServiceDefinition {
  /** Once it is ready; default: that of this process. */
  readonly niceness?: number;
}

export interface ServiceEvents {
  /** The process ended though nobody asked it to; it comes again after `delayMs`. */
  readonly onCrash: (service: string, how: string, delayMs: number) => void;
  readonly onRestarted: (service: string) => void;
  readonly onProcessesChanged: () => void;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** After running this long, a crash counts as the first again. */
const STEADY_MS = 60_000;
const LONGEST_LINE = 400;

export class KeptService {
  private readonly process: ServiceProcess;
  private stopping = false;
  private delayMs = FIRST_DELAY_MS;
  private restartTimer: NodeJS.Timeout | undefined;
  private startedAtMs = 0;

  constructor(
    readonly definition: KeptServiceDefinition,
    private readonly logFile: string,
    private readonly events: ServiceEvents,
  ) {
    this.process = new ServiceProcess(definition, {
      logFile,
      ownGroup: true,
      onSpawn: () => this.events.onProcessesChanged(),
      onEnd: (end) => {
        if (this.stopping) return;
        if (Date.now() - this.startedAtMs >= STEADY_MS) this.delayMs = FIRST_DELAY_MS;
        this.restartLater(describeEnd(end));
      },
    });
  }

  get pid(): number | undefined {
    return this.process.isRunning ? this.process.pid : undefined;
  }

  /** Resolves when the service says that it is ready. @throws LaunchError with its last words when it ends before */
  async start(): Promise<void> {
    const { name } = this.definition;
    if (this.stopping) throw new LaunchError(`${name} was stopped`);
    this.startedAtMs = Date.now();
    await this.process.start().catch((error: unknown) => {
      if (this.stopping) throw new LaunchError(`${name} was stopped`);
      throw error instanceof StartError ? withLastWords(error.what, error.lines, this.logFile) : error;
    });
    this.lowerPriority();
  }

  /** Starts what the others can do without: where it does not start, that is told as a crash is, and it is tried again later. */
  startAnyway(): void {
    this.start().catch((error: Error) => this.tryAgain(error));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restartTimer);
    await this.process.stop();
  }

  /** At once, without draining. */
  kill(): void {
    this.stopping = true;
    clearTimeout(this.restartTimer);
    void this.process.kill();
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

  private lowerPriority(): void {
    const { niceness } = this.definition;
    if (niceness === undefined || this.pid === undefined) return;
    try {
      setPriority(this.pid, niceness);
    } catch {
      // Not every system lets a process do so; it only matters for how smoothly things go on.
    }
  }
}

/** What went wrong, with the end of what the service said, cut to a readable width, and what usually helps. */
export function withLastWords(what: string, lines: readonly string[], logFile: string): LaunchError {
  const words = lines.map((line) => `  ${line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line}`);
  return new LaunchError(
    [`${what}.`, ...(words.length > 0 ? ['Its last words:', ...words] : [])].join('\n'),
    remedyFor(words.join('\n'), logFile),
  );
}

/** What usually helps, from what the service said. */
function remedyFor(words: string, logFile: string): string {
  if (/EADDRINUSE|No address added|already in use/i.test(words))
    return 'Its port was taken while it started: start again, or choose another with --port.';
  if (/Cannot find module/.test(words))
    return 'It is not built, or not installed: `npm start` does both; or run `node tools/prepare.js`.';
  if (/configuration is not usable/.test(words)) return 'Correct or unset the variables named above.';
  if (/ENOSPC/.test(words)) return 'The disk is full: free some space, or choose another folder with --data.';
  if (/EACCES|EPERM/.test(words)) return 'Something may not be read or written: check the rights of the data folder.';
  return `The whole story stands in ${logFile}.`;
}
