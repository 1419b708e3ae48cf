import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalSystem } from '@watchnext/end-to-end';
import { benchKuairand } from './kuairand';

jest.mock('@watchnext/datasets', () => ({ importDataset: jest.fn() }));
jest.mock('@watchnext/end-to-end', () => ({
  ...jest.requireActual('@watchnext/end-to-end'),
  LocalSystem: { create: jest.fn() },
}));

describe('the bench of KuaiRand-Pure', () => {
  let temporary: string;
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'watchnext-kuairand-spec-'));
    // Folders of whoever else measures on this machine are none of ours.
    jest.spyOn(jest.requireActual<typeof import('node:os')>('node:os'), 'tmpdir').mockReturnValue(temporary);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(temporary, { recursive: true });
  });

  it.each([2, 4])('tells that the trainer ended with %i, and what it said last', async (code) => {
    const dispose = jest.fn();
    const system = { start: jest.fn(), drained: jest.fn(), train: async () => code, dispose };
    jest
      .mocked(LocalSystem.create)
      .mockResolvedValue({ ...system, trainerLogTail: () => 'too few days' } as unknown as LocalSystem);
    await expect(benchKuairand({ path: '/nowhere', seed: 1 })).rejects.toThrow(
      `the trainer ended with ${code} and measured nothing:\ntoo few days`,
    );
    expect(dispose).toHaveBeenCalled();
    const { dataDirectory } = jest.mocked(LocalSystem.create).mock.lastCall![0]!;
    expect(dataDirectory).toMatch(new RegExp(`^${temporary}/watchnext-kuairand-`));
    expect(readdirSync(temporary)).toEqual([]);
  });
});
