/**
 * The file of experiments, followed while a service runs. A file that cannot be read or is not valid stops a service that
 * starts (the roll-out ends there, and those that run serve on); once running, what was read last stays in force.
 */
import { readFile, stat } from 'node:fs/promises';
import { ConfigError } from '@watchnext/config';
import {
  type ExperimentsFile,
  ExperimentsError,
  NO_EXPERIMENTS,
  parseExperiments,
  pinnedSnapshots,
  SNAPSHOT_LEAD_MS,
  unsafeChanges,
} from '@watchnext/experiments';
import type { Logger } from './logger';

export interface ExperimentsSettings {
  readonly WATCHNEXT_EXPERIMENTS_FILE?: string | undefined;
  readonly WATCHNEXT_EXPERIMENTS_POLL_SECONDS: number;
}

export interface ExperimentsFollowing {
  /** What is in force now; the same object until the file changes. */
  current(): ExperimentsFile;
  /** Snapshots that experiments need loaded, a little before they start. */
  pinnedSnapshots(atMs: number): string[];
  /** Looks at the file as it is now, or later. Never rejects. */
  refresh(): Promise<void>;
  close(): void;
}

/**
 * @param onRefused called for each version of the file that was refused while running
 * @throws ConfigError where the file named by the settings is not usable at the start
 */
export async function followExperiments(
  settings: ExperimentsSettings,
  logger: Logger,
  onRefused: () => void = () => undefined,
): Promise<ExperimentsFollowing> {
  const path = settings.WATCHNEXT_EXPERIMENTS_FILE;
  if (path === undefined) return fixed(NO_EXPERIMENTS);
  const follower = new Follower(path, logger, onRefused);
  await follower.start(settings.WATCHNEXT_EXPERIMENTS_POLL_SECONDS * 1_000);
  return follower;
}

class Follower implements ExperimentsFollowing {
  private file: ExperimentsFile = NO_EXPERIMENTS;
  private readAs = '';
  private running: Promise<void> | undefined;
  private queued: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly path: string,
    private readonly logger: Logger,
    private readonly onRefused: () => void,
  ) {}

  async start(pollMs: number): Promise<void> {
    try {
      this.readAs = await this.version();
      this.file = parseExperiments(await readFile(this.path, 'utf8'));
    } catch (error) {
      const problems = error instanceof ExperimentsError ? error.problems : [(error as Error).message];
      throw new ConfigError(problems.map((problem) => `WATCHNEXT_EXPERIMENTS_FILE: ${problem}`));
    }
    this.logger.info({ experiments: this.file.experiments.map(({ name }) => name) }, 'read the experiments');
    this.timer = setInterval(() => void this.refresh(), pollMs);
    this.timer.unref();
  }

  current(): ExperimentsFile {
    return this.file;
  }

  pinnedSnapshots(atMs: number): string[] {
    return pinnedSnapshots(this.file, atMs, SNAPSHOT_LEAD_MS);
  }

  /** One look at a time, and at most one waiting: a look under way may have read the file before it was changed. */
  refresh(): Promise<void> {
    if (this.running === undefined) {
      this.running = this.reload().finally(() => (this.running = undefined));
      return this.running;
    }
    this.queued ??= this.running.then(() => {
      this.queued = undefined;
      return this.refresh();
    });
    return this.queued;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async version(): Promise<string> {
    const { mtimeMs, ino, size } = await stat(this.path);
    return `${ino} ${mtimeMs} ${size}`;
  }

  private async reload(): Promise<void> {
    let version = 'unreadable';
    try {
      version = await this.version();
      if (version === this.readAs) return;
      const next = parseExperiments(await readFile(this.path, 'utf8'));
      for (const change of unsafeChanges(this.file, next, Date.now())) {
        this.logger.warn({ change }, 'a running experiment changed under way: what it measured so far is spoilt');
      }
      this.file = next;
      this.logger.info({ experiments: next.experiments.map(({ name }) => name) }, 'read the experiments again');
    } catch (error) {
      // Said once for each version of the file, not at every look.
      if (version !== this.readAs) {
        this.onRefused();
        this.logger.error({ err: error }, 'refused the file of experiments; what was read before stays in force');
      }
    }
    this.readAs = version;
  }
}

function fixed(file: ExperimentsFile): ExperimentsFollowing {
  return {
    current: () => file,
    pinnedSnapshots: () => [],
    refresh: async () => undefined,
    close: () => undefined,
  };
}
