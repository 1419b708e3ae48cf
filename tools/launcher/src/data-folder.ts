/**
 * The one folder of all state: who uses it, what was loaded into it, and how it is emptied. Only names that belong to
 * WatchNext are ever removed, and those only where its state file lies, so that `--data` on the wrong folder costs nothing.
 */
import { mkdir, readdir, readFile, rm, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  FolderInUseError,
  identify,
  isAlive,
  lockFolder,
  makeFolder,
  type ProcessIdentity,
  replaceFile,
} from '@watchnext/folder-lock';
import { LaunchError } from './launch-error';

/** Written before anything else and removed after it: a folder without it was not filled by a launcher. */
const STATE_FILE = 'watchnext.json';
const LOCK_FOLDER = 'launcher-lock';
const CHILDREN_FILE = 'processes.json';
const LOG_FOLDER = 'logs';
/** What `--fresh` removes. */
const OWN_NAMES = [
  'event-log',
  'feature-store',
  'archive',
  'checkpoints',
  'snapshots',
  'spool',
  'trainer',
  'training.json',
  LOG_FOLDER,
];
/** Services drain for at most ten seconds after their launcher has gone. */
const STRAGGLER_LIMIT_MS = 20_000;

/** What the folder was filled with. */
export interface FolderState {
  readonly version: 1;
  /** 'simulator', or the name of an importer. */
  readonly dataset: string;
  /** Of a data set, absolute: where its files lay. Folders of earlier versions lack it. */
  readonly path?: string;
  /** Of a table, absolute: the mapping file that it was read by. Folders of earlier versions lack it. */
  readonly mapping?: string;
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
  private release: () => Promise<void> = async () => undefined;

  private constructor(readonly path: string) {}

  /** @throws LaunchError when another launcher uses it */
  static async open(path: string): Promise<DataFolder> {
    try {
      makeFolder(join(path, LOG_FOLDER));
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

  /**
   * @returns undefined for a folder without anything in it that has a name of WatchNext's
   * @throws LaunchError when something has, without the state file, or that file cannot be understood
   */
  async readState(): Promise<FolderState | undefined> {
    let text: string;
    try {
      text = await readFile(join(this.path, STATE_FILE), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await this.refuseForeign();
      return undefined;
    }
    try {
      const state = JSON.parse(text) as FolderState;
      if (state.version === 1) return state;
    } catch {
      // Told below, as an unknown version is.
    }
    throw new LaunchError(`${join(this.path, STATE_FILE)} cannot be understood`, 'Begin anew with --fresh.');
  }

  writeState(state: FolderState): void {
    replaceFile(join(this.path, STATE_FILE), `${JSON.stringify(state, null, 2)}\n`);
  }

  /**
   * Such names as `archive`, `logs` and `checkpoints` are those of other programs too.
   *
   * @throws LaunchError naming what lies under names of WatchNext's in a folder that no launcher has filled
   */
  async refuseForeign(): Promise<void> {
    const names = await readdir(this.path);
    if (names.includes(STATE_FILE)) return;
    // `open` has made the folder of logs.
    const hasLogs = names.includes(LOG_FOLDER) && (await readdir(this.logFolder)).length > 0;
    const foreign = names.filter((name) => OWN_NAMES.includes(name) && (name !== LOG_FOLDER || hasLogs)).sort();
    if (foreign.length === 0) return;
    throw new LaunchError(
      `${this.path} holds data that this launcher did not put there (${foreign.join(', ')})`,
      'Choose another folder with --data. If nobody needs that data, remove it by hand: --fresh does not.',
    );
  }

  /**
   * Removes all state; the lock stays. One that was cut off has left a folder that the next start begins anew.
   *
   * @throws LaunchError as `refuseForeign`
   */
  async clear(): Promise<void> {
    await this.refuseForeign();
    const state = await this.readState().catch((error: unknown) => {
      // What cannot be understood no start trusts.
      if (error instanceof LaunchError) return undefined;
      throw error;
    });
    if (state?.loaded) this.writeState({ ...state, loaded: false });
    await Promise.all(OWN_NAMES.map((name) => rm(join(this.path, name), { recursive: true, force: true })));
    await rm(join(this.path, STATE_FILE), { force: true });
    await mkdir(this.logFolder, { recursive: true });
  }

  /** Notes the processes that work in the folder, for the launcher that comes after a kill -9. */
  noteProcesses(pids: readonly number[]): void {
    replaceFile(join(this.path, CHILDREN_FILE), JSON.stringify(pids.map(identify)));
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
    const giveUpAtMs = Date.now() + STRAGGLER_LIMIT_MS;
    for (let told = false; ; told = true) {
      left = left.filter(isAlive);
      if (left.length === 0) return;
      if (!told) onWait(left.map(({ pid }) => pid));
      if (Date.now() > giveUpAtMs) {
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
    await this.release().catch(() => undefined);
  }

  private async lock(): Promise<void> {
    try {
      this.release = await lockFolder(join(this.path, LOCK_FOLDER));
    } catch (error) {
      if (!(error instanceof FolderInUseError)) throw error;
      throw new LaunchError(
        `${basename(this.path)} is in use by another start (process ${error.processId})`,
        'Stop that one, or choose another folder with --data.',
      );
    }
  }
}
