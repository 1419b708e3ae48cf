import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { LocalSystem } from '@watchnext/end-to-end';
import { benchKuairand } from './kuairand';

jest.mock('@watchnext/datasets', () => ({ importDataset: jest.fn() }));
jest.mock('@watchnext/end-to-end', () => ({
  ...jest.requireActual('@watchnext/end-to-end'),
  LocalSystem: { create: jest.fn() },
}));

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('watchnext-kuairand-'));

describe('the bench of KuaiRand-Pure', () => {
  it.each([2, 4])('tells that the trainer ended with %i, and what it said last', async (code) => {
    const before = folders();
    const dispose = jest.fn();
    const system = { start: jest.fn(), drained: jest.fn(), train: async () => code, dispose };
    jest
      .mocked(LocalSystem.create)
      .mockResolvedValue({ ...system, trainerLogTail: () => 'too few days' } as unknown as LocalSystem);
    await expect(benchKuairand({ path: '/nowhere', seed: 1 })).rejects.toThrow(
      `the trainer ended with ${code} and measured nothing:\ntoo few days`,
    );
    expect(dispose).toHaveBeenCalled();
    expect(folders()).toEqual(before);
  });
});
