import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainingCheckpoints } from '@watchnext/candidate-model';
import type { NamedTensors } from '@watchnext/learning';
import type { Logger } from '@watchnext/service';
import { readSafetensorsFile, writeSafetensorsFile } from '@watchnext/snapshot-store';

/**
 * States of the trainings of a run that was stopped, a safetensors file each, until a run ends well. A state that cannot
 * be written or read costs the time to train again, never the run.
 */
export class CheckpointFolder implements TrainingCheckpoints {
  constructor(
    private readonly directory: string,
    private readonly logger: Pick<Logger, 'info' | 'warn'>,
  ) {}

  async load(key: string): Promise<NamedTensors | undefined> {
    try {
      const state = await readSafetensorsFile(this.pathOf(key));
      this.logger.info({ training: key }, 'going on from where a stopped run left this training');
      return state;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
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
      await rename(`${path}.part`, path);
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

  private pathOf(key: string): string {
    return join(this.directory, `candidate-${key}.safetensors`);
  }
}
