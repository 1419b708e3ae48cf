import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@watchnext/testing';
import { parseCommand } from './cli';
import { type TrainerParts, TrainingRunner } from './training-runner';

describe('a training run', () => {
  it('leaves no work folder where its engine cannot be made', async () => {
    const data = await temporaryDirectory('training-runner');
    try {
      const backend = {
        get name() {
          throw new Error('no such kernels');
        },
      };
      const parts = { settings: { WATCHNEXT_DATA_DIR: data.path }, backend } as unknown as TrainerParts;
      const run = new TrainingRunner(parts).run(parseCommand(['--once'], { exitOverride: true }));
      await expect(run).rejects.toThrow('no such kernels');
      expect(existsSync(join(data.path, 'trainer'))).toBe(true);
      expect(await readdir(join(data.path, 'trainer'))).toEqual([]);
    } finally {
      await data.remove();
    }
  });
});
