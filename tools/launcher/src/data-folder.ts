/**
 * The one folder of all state: who uses it, what was loaded into it, and how it is emptied. Only names that belong to
 * WatchNext are ever removed, so that `--data` on the wrong folder costs nothing.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LaunchError } from './launch-error';
import { identify, isAlive, type ProcessIdentity } from './process-identity';

const STATE_FILE = 'watchnext.json';
const LOCK_FILE = 'launcher.lock';
const CHILDREN_FILE = 'processes.json';
const LOG_FOLDER = 'logs';
/** What `--fresh` removes. */
const OWN_NAMES = ['event-log', 'feature-store', 'archive', 'snapshots', 'spool', 'trainer', LOG_FOLDER, STATE_FILE];
/** Services drain for at most ten seconds after their launcher has gone. */
const STRAGGLER_LIMIT_MS = 20_000;

/** What the folder was filled with. */
export interface FolderState {
  readonly version: 1;
  /** 'simulator', or the name of an importer. */
  readonly dataset: string;
  /** The world's options; simulator only. */
  readonly world?: {
    readonly seed: number;
    readonly users: number;
    readonly videos: number;
    readonly days: number;
    readonly endMs: number;
  };
  /** False until all of the history has been taken: a folder left half full is begun anew. */
  readonly loaded: boolean;
}

export class DataFolder {
  private constructor(readonly path: string) {}

  /** @throws LaunchError when another launcher uses it */
  static async open(path: string): Promise<DataFolder> {
    try {
      await mkdir(join(path, LOG_FOLDER), { recursive: true });
    } catch (error) {
      throw new LaunchError(
        `the data folder ${path} cannot be made: ${(error as Error).message}`,
        'Choose another one with --data.',
      );
    }
    const folder = new DataFolder(path);
    await folder.lock();
    return folder;
  }

  logFile(service: string): string {
    return join(this.path, LOG_FOLDER, `${service}.log`);
  }

  get logFolder(): string {
    return join(this.path, LOG_FOLDER);
  }

  /** @returns undefined for a folder without anything of WatchNext's in it */
  async readState(): Promise<FolderState | undefined> {
    let text: string;
    try {
      text = await readFile(join(this.path, STATE_FILE), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      const names = await readdir(this.path);
      const foreign = names.filter((name) => OWN_NAMES.includes(name) && name !== LOG_FOLDER);
      if (foreign.length === 0) return undefined;
      throw new LaunchError(
        `${this.path} holds data that this launcher did not put there (${foreign.join(', ')})`,
        'Choose another folder with --data, or remove that data with --fresh.',
      );
    }
    try {
      const state = JSON.parse(text) as FolderState;
      if (state.version === 1) return state;
    } catch {
      // Told below, as an unknown version is.
    }
    throw new LaunchError(`${join(this.path, STATE_FILE)} cannot be understood`, 'Begin anew with --fresh.');
  }

  async writeState(state: FolderState): Promise<void> {
    const file = join(this.path, STATE_FILE);
    await writeFile(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
    await rename(`${file}.new`, file);
  }

  /** Removes all state; the lock stays. */
  async clear(): Promise<void> {
    await Promise.all(OWN_NAMES.map((name) => rm(join(this.path, name), { recursive: true, force: true })));
    await mkdir(this.logFolder, { recursive: true });
  }

  /** Notes the processes that work in the folder, for the launcher that comes after a kill -9. */
  noteProcesses(pids: readonly number[]): void {
    const file = join(this.path, CHILDREN_FILE);
    writeFileSync(`${file}.new`, JSON.stringify(pids.map(identify)));
    renameSync(`${file}.new`, file); // never half written, for whoever reads it after a kill -9
  }

  /**
   * Waits for what a killed launcher left: its services end by themselves when they notice.
   *
   * @throws LaunchError naming those that do not
   */
  async waitForStragglers(onWait: (pids: readonly number[]) => void): Promise<void> {
    const text = await readFile(join(this.path, CHILDREN_FILE), 'utf8').catch(() => '[]');
    let left: ProcessIdentity[] = [];
    try {
      left = JSON.parse(text) as ProcessIdentity[];
    } catch {
      // Damaged, as by a power cut: there is nothing to wait for that we know of.
    }
    const limitMs = Date.now() + STRAGGLER_LIMIT_MS;
    for (let told = false; ; told = true) {
      left = left.filter(isAlive);
      if (left.length === 0) return;
      if (!told) onWait(left.map(({ pid }) => pid));
      if (Date.now() > limitMs) {
        throw new LaunchError(
          `processes of an earlier start still work in ${this.path}: ${left.map(({ pid }) => pid).join(', ')}`,
          'End them with kill, then start again.',
        );
      }
      await sleep(100);
    }
  }

  async close(): Promise<void> {
    await unlink(join(this.path, CHILDREN_FILE)).catch(() => undefined);
    await unlink(join(this.path, LOCK_FILE)).catch(() => undefined);
  }

  private async lock(): Promise<void> {
    const file = join(this.path, LOCK_FILE);
    for (let tries = 0; tries < 5; tries++) {
      try {
        const handle = await open(file, 'wx');
        await handle.writeFile(JSON.stringify(identify(process.pid)));
        await handle.close();
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const owner = await readIdentity(file);
      if (owner === 'gone') continue;
      if (owner === 'unfinished') await sleep(200);
      else if (isAlive(owner)) {
        throw new LaunchError(
          `${basename(this.path)} is in use by another start (process ${owner.pid})`,
          'Stop that one, or choose another folder with --data.',
        );
      }
      // Its owner was killed, or never finished writing. It is moved aside and read again, for another starter may
      // have replaced it since: then it goes back.
      const aside = `${file}.stale-${process.pid}`;
      const moved = await rename(file, aside).then(
        () => true,
        () => false,
      );
      if (!moved) continue;
      const found = await readIdentity(aside);
      if (typeof found === 'object' && isAlive(found)) await rename(aside, file);
      else await unlink(aside);
    }
    throw new LaunchError(`${this.path} cannot be locked`, 'Other starts seem to be at it: try again.');
  }
}

async function readIdentity(file: string): Promise<ProcessIdentity | 'gone' | 'unfinished'> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'unfinished';
  }
}
