import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isInterrupted, stopToo, stopWorldsOnSignal, temporaryFolder } from './interruption';
import { LocalSystem } from './local-system';

afterEach(() => {
  jest.restoreAllMocks();
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal);
});

it('programs hear signals from the first thing on that is to be stopped: until then they end by them', () =>
  jest.isolateModulesAsync(async () => {
    const fresh = jest.requireActual<typeof import('./interruption')>('./interruption');
    const heard = () => process.listenerCount('SIGINT');
    const before = heard();
    fresh.stopWorldsOnSignal();
    expect(heard()).toBe(before);
    const folder = fresh.temporaryFolder('interruption');
    expect(heard()).toBe(before + 1);
    await folder.remove();
    await fresh.temporaryFolder('interruption').remove();
    expect(heard()).toBe(before + 1);
  }));

describe('temporary folders', () => {
  it('go at a signal, once all that runs is stopped, with those of systems', async () => {
    const exit = new Promise((resolve) =>
      jest.spyOn(process, 'exit').mockImplementation(((code: number) => resolve(code)) as typeof process.exit),
    );
    const folder = temporaryFolder('interruption');
    const system = await LocalSystem.create();
    const file = join(folder.path, 'last');
    stopToo(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      writeFileSync(file, 'written while it stopped');
    });
    expect([dirname(folder.path), existsSync(system.dataDirectory)]).toEqual([tmpdir(), true]);
    stopWorldsOnSignal();
    expect(isInterrupted()).toBe(false);
    process.emit('SIGTERM');
    expect(await exit).toBe(143);
    expect(isInterrupted()).toBe(true);
    expect([folder.path, system.dataDirectory].map(existsSync)).toEqual([false, false]);
  });

  it('can be removed before, and have another parent', async () => {
    const parent = temporaryFolder('interruption');
    const inner = temporaryFolder('inner', parent.path);
    expect(dirname(inner.path)).toBe(parent.path);
    await inner.remove();
    expect(existsSync(inner.path)).toBe(false);
    await parent.remove();
    expect(existsSync(parent.path)).toBe(false);
  });
});
