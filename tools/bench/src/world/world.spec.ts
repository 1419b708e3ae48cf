import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { LocalSystem } from '@watchnext/end-to-end';
import { fillLog, generateInto } from './prepare';
import { benchWorld } from './world';

jest.mock('./prepare');
const options = { world: 'standard', seeds: 1, viewers: 1, limit: 1, workers: 1, decompose: false } as const;

describe('the bench of a frozen world', () => {
  it('stops what it prepares, and removes its folder, where the event log cannot be filled', async () => {
    jest.mocked(generateInto).mockResolvedValue({} as Awaited<ReturnType<typeof generateInto>>);
    jest.mocked(fillLog).mockRejectedValue(new Error('the disk is full'));
    const create = jest.spyOn(LocalSystem, 'create');
    const dispose = jest.spyOn(LocalSystem.prototype, 'dispose');
    await expect(benchWorld(options)).rejects.toThrow('the disk is full');
    expect(dispose).toHaveBeenCalledTimes(1);
    const folder = dirname(create.mock.calls[0]?.[0]?.dataDirectory as string);
    expect(existsSync(folder)).toBe(false);
  });
});
