import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { syncPath } from '@watchnext/folder-lock';
import type { NamedTensors, TrainingCheckpoints } from '@watchnext/learning';
import type { Logger } from '@watchnext/service';
import { readSafetensorsFile, writeSafetensorsFile } from '@watchnext/snapshot-store';

const SUFFIX = '.safetensors';
/** Of a file that was being written when its run was killed. */
const PART = /\.part$/;

/**
 * States of the trainings of a run that was stopped, a safetensors file each, until a run ends well. A state that cannot
 * be written or read costs the time to train again, never the run.
 */
export class CheckpointFolder implements TrainingCheckpoints {
  /** Keys that this run asked for or saved: the states of others are of trainings that it does not have. */
  private readonly touched = new Set<string>();
  /** Of these, what had no state when this run began. */
  private readonly fresh = new Set<string>();

  constructor(
    private readonly directory: string,
    readonly engine: string,
    private readonly logger: Pick<Logger, 'info' | 'warn'>,
  ) {}

  async load(key: string): Promise<NamedTensors | undefined> {
    this.touched.add(key);
    try {
      const state = await readSafetensorsFile(this.pathOf(key));
      this.logger.info({ training: key }, 'going on from where a stopped run left this training');
      return state;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.fresh.add(key);
      else {
        this.logger.warn(
          { training: key, err: error },
          'the state of a stopped training cannot be read: it starts anew',
        );
      }
      return undefined;
    }
  }

  async save(key: string, state: NamedTensors): Promise<void> {
    const path = this.pathOf(key);
    try {
      await mkdir(this.directory, { recursive: true });
      await writeSafetensorsFile(`${path}.part`, state);
      // A name may outlast a loss of power that the bytes do not.
      await syncPath(`${path}.part`);
      await rename(`${path}.part`, path);
      this.touched.add(key);
      if (this.fresh.delete(key)) await this.removeOthers();
    } catch (error) {
      await rm(`${path}.part`, { force: true }).catch(() => undefined);
      this.logger.warn(
        { training: key, err: error },
        'the state of a training cannot be kept: a next run starts it anew',
      );
    }
  }

  async discard(key: string, reason: Error): Promise<void> {
    this.logger.warn({ training: key, err: reason }, 'the state of a stopped training is of no use: it starts anew');
    await rm(this.pathOf(key), { force: true }).catch(() => undefined); // the next save replaces it
  }

  /** After a run that ended well: what it published does not hang on whether states can be removed. */
  async clear(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true }).catch((error: unknown) =>
      this.logger.warn({ err: error }, 'states of trainings that are done cannot be removed'),
    );
  }

  /**
   * A training without a state is one that no earlier run came to, so what it was stopped in is not what this run
   * does: the archive has grown, or a setting changed. Without this, states would pile up while runs fail.
   */
  private async removeOthers(): Promise<void> {
    for (const file of await readdir(this.directory)) {
      const key = basename(file.replace(PART, ''), SUFFIX);
      if (!this.touched.has(key)) await rm(join(this.directory, file), { force: true });
    }
  }

  private pathOf(key: string): string {
    return join(this.directory, `${key}${SUFFIX}`);
  }
}
