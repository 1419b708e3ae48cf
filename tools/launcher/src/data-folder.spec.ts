import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { identify, isAlive } from '@watchnext/folder-lock';
import { DataFolder, type FolderState } from './data-folder';

jest.mock('node:fs/promises', () => {
  const actual = jest.requireActual<typeof import('node:fs/promises')>('node:fs/promises');
  return { ...actual, rm: jest.fn(actual.rm) };
});

const STATE: FolderState = {
  version: 1,
  dataset: 'simulator',
  world: { seed: 1, users: 2, videos: 3, days: 4, endMs: 5 },
  loaded: true,
};

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'watchnext-folder-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

/** A process that ends when told to, and how to tell it. */
function otherProcess() {
  const child = spawn(process.execPath, ['-e', 'process.stdin.on("data", () => process.exit())'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return { pid: child.pid!, end: async () => (child.stdin.end('x'), once(child, 'exit')) };
}

describe('the data folder', () => {
  it.each([
    ['file/below', 'ENOTDIR'],
    ...(process.platform === 'linux' ? [['/proc/watchnext', 'ENOENT|EACCES|EPERM']] : []),
  ])('says of %s that it cannot be made, and which option names another', async (name, reason) => {
    writeFileSync(join(path, 'file'), '');
    await expect(DataFolder.open(resolve(path, name!))).rejects.toMatchObject({
      message: expect.stringMatching(`the data folder .*${name} cannot be made: (${reason})`),
      remedy: 'Choose another one with --data.',
    });
  });

  it('is for one launcher at a time', async () => {
    const folder = await DataFolder.open(path);
    await expect(DataFolder.open(path)).rejects.toThrow(
      new RegExp(`in use by another start \\(process ${process.pid}\\)`),
    );
    await folder.close();
    await (await DataFolder.open(path)).close();
    expect(readdirSync(join(path, 'launcher-lock'))).toEqual([]);
  });

  it('lets only one of several that start at once have it', async () => {
    const opened = await Promise.allSettled(Array.from({ length: 8 }, () => DataFolder.open(path)));
    expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('remembers what it was filled with', async () => {
    const folder = await DataFolder.open(path);
    expect(await folder.readState()).toBeUndefined();
    folder.writeState(STATE);
    expect(await folder.readState()).toEqual(STATE);
    await folder.close();
  });

  it('refuses data that it does not know, and says how to go on', async () => {
    const folder = await DataFolder.open(path);
    mkdirSync(join(path, 'event-log'));
    writeFileSync(join(path, 'logs', 'access.log'), 'of another program');
    const refusal = {
      name: 'LaunchError',
      message: expect.stringContaining('(event-log, logs)'),
      remedy: expect.stringMatching(/--data.*remove it by hand/),
    };
    await expect(folder.readState()).rejects.toMatchObject(refusal);
    await expect(folder.clear()).rejects.toMatchObject(refusal);
    expect(readdirSync(join(path, 'logs'))).toEqual(['access.log']);
    rmSync(join(path, 'event-log'), { recursive: true });
    rmSync(join(path, 'logs', 'access.log'));
    expect(await folder.readState()).toBeUndefined();
    writeFileSync(join(path, 'watchnext.json'), '{"version":');
    await expect(folder.readState()).rejects.toThrow(/cannot be understood/);
    await folder.clear();
    expect(await folder.readState()).toBeUndefined();
    await folder.close();
  });

  it('clears its own and nothing else', async () => {
    const folder = await DataFolder.open(path);
    folder.writeState(STATE);
    for (const name of ['archive', 'checkpoints']) mkdirSync(join(path, name, 'deep'), { recursive: true });
    writeFileSync(join(path, 'training.json'), '{}');
    writeFileSync(join(path, 'thesis.txt'), 'years of work');
    await folder.clear();
    expect(readdirSync(path).sort()).toEqual(['launcher-lock', 'logs', 'thesis.txt']);
    expect(readFileSync(join(path, 'thesis.txt'), 'utf8')).toBe('years of work');
    await expect(DataFolder.open(path)).rejects.toThrow(/in use/);
    await folder.close();
  });

  it('begins anew after a clearing that was cut off', async () => {
    const folder = await DataFolder.open(path);
    folder.writeState(STATE);
    mkdirSync(join(path, 'archive'));
    jest.mocked(rm).mockRejectedValueOnce(new Error('cut off'));
    await expect(folder.clear()).rejects.toThrow('cut off');
    expect(await folder.readState()).toEqual({ ...STATE, loaded: false });
    await folder.clear();
    expect(await folder.readState()).toBeUndefined();
    await folder.close();
  });

  it('waits for the processes of a launcher that was killed', async () => {
    const straggler = otherProcess();
    const folder = await DataFolder.open(path);
    folder.noteProcesses([straggler.pid]);
    const waitedFor: (readonly number[])[] = [];
    let ended = false;
    const waiting = folder.waitForStragglers((pids) => {
      waitedFor.push(pids);
      void straggler.end().then(() => (ended = true));
    });
    await waiting;
    expect(waitedFor).toEqual([[straggler.pid]]);
    expect(ended || !isAlive(identify(straggler.pid)) || identify(straggler.pid).startedAt === 'gone').toBe(true);
    await folder.close();
  });
});
