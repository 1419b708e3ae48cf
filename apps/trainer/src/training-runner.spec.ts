import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SnapshotCorruptError } from '@watchnext/snapshot-store';
import { temporaryDirectory } from '@watchnext/testing';
import { parseCommand } from './cli';
import type { RunReport } from './report';
import { type TrainerParts, TrainingRunner } from './training-runner';

jest.mock('node:fs/promises', () => {
  const actual = jest.requireActual<typeof import('node:fs/promises')>('node:fs/promises');
  return { ...actual, rm: jest.fn(actual.rm) };
});

describe('a training run', () => {
  it('leaves no work folder where its engine cannot be made', async () => {
    const data = await temporaryDirectory('training-runner');
    try {
      const backend = {
        get name() {
          throw new Error('no such kernels');
        },
      };
      const store = { readPointer: async () => undefined };
      const parts = { settings: { WATCHNEXT_DATA_DIR: data.path }, backend, store } as unknown as TrainerParts;
      const run = new TrainingRunner(parts).run(parseCommand(['--once'], { exitOverride: true }));
      await expect(run).rejects.toThrow('no such kernels');
      expect(existsSync(join(data.path, 'trainer'))).toBe(true);
      expect(await readdir(join(data.path, 'trainer'))).toEqual([]);
    } finally {
      await data.remove();
    }
  });

  it('is what it came to also where its work folder cannot be removed', async () => {
    const data = await temporaryDirectory('training-runner');
    const report = { outcome: 'published' } as RunReport;
    const runs = TrainingRunner.prototype as unknown as { runIn(): Promise<RunReport> };
    const runIn = jest.spyOn(runs, 'runIn').mockResolvedValue(report);
    try {
      const warn = jest.fn();
      const parts = { settings: { WATCHNEXT_DATA_DIR: data.path }, logger: { warn } } as unknown as TrainerParts;
      const runner = new TrainingRunner(parts);
      jest.mocked(rm).mockRejectedValueOnce(new Error('EBUSY'));
      expect(await runner.run(parseCommand(['--once'], { exitOverride: true }))).toBe(report);
      expect(warn).toHaveBeenCalledTimes(1);
    } finally {
      runIn.mockRestore();
      await data.remove();
    }
  });

  it('does not begin where the pointer cannot be read, which it would end at', async () => {
    const data = await temporaryDirectory('training-runner');
    try {
      const store = { readPointer: () => Promise.reject(new SnapshotCorruptError('', 'current', 'is no pointer')) };
      const parts = { settings: { WATCHNEXT_DATA_DIR: data.path }, backend: {}, store } as unknown as TrainerParts;
      const run = new TrainingRunner(parts).run(parseCommand(['--once'], { exitOverride: true }));
      await expect(run).rejects.toThrow('is no pointer');
    } finally {
      await data.remove();
    }
  });
});
