import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderInUseError, lockFolder } from './folder-lock';
import { identify } from './process-identity';

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'watchnext-lock-')), 'lock');
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

const TOKEN = '00000000-0000-4000-8000-000000000000';

function claim({ pid, startedAt }: { pid: number; startedAt: string }, state: 'waits' | 'holds' = 'holds'): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${pid}.${startedAt}.${TOKEN}.${state}`), '');
}

/** A process that ends when told to, and how to tell it. */
function otherProcess() {
  const child = spawn(process.execPath, ['-e', 'process.stdin.on("data", () => process.exit())'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return { pid: child.pid!, end: async () => (child.stdin.end('x'), once(child, 'exit')) };
}

describe('the lock of a folder', () => {
  it('is for one at a time, of the same process too', async () => {
    const release = await lockFolder(directory);
    await expect(lockFolder(directory)).rejects.toEqual(new FolderInUseError(directory, process.pid));
    await release();
    await (
      await lockFolder(directory)
    )();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('names the process that has it, and goes when that one was killed', async () => {
    const other = otherProcess();
    claim(identify(other.pid));
    await expect(lockFolder(directory)).rejects.toMatchObject({ processId: other.pid });
    await other.end();
    await (
      await lockFolder(directory)
    )();
  });

  it.each(['waits', 'holds'] as const)('takes no notice of a dead one that %s', async (state) => {
    claim({ pid: 2 ** 30, startedAt: '1' }, state);
    await (
      await lockFolder(directory)
    )();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('gives way to one that waits with a lower token', async () => {
    claim(identify(process.ppid), 'waits');
    await expect(lockFolder(directory)).rejects.toMatchObject({ processId: process.ppid });
  });

  it('goes to exactly one of several that start at once, time after time, whatever the last one left', async () => {
    for (let round = 0; round < 50; round++) {
      claim({ pid: 2 ** 30, startedAt: '1' }, round % 2 === 0 ? 'holds' : 'waits');
      const locks = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(directory)));
      const won = locks.filter((lock) => lock.status === 'fulfilled');
      expect(won).toHaveLength(1);
      await won[0].value();
    }
  });

  it('is held by no two processes at a time', async () => {
    // Each holder makes a folder that must not be there yet, and removes it before it lets go.
    const program = `
      const { lockFolder } = require('@watchnext/folder-lock');
      const { mkdirSync, rmdirSync } = require('node:fs');
      (async () => {
        let held = 0;
        for (const endMs = Date.now() + 20_000; held < 20 && Date.now() < endMs; ) {
          const release = await lockFolder(process.argv[1]).catch(() => undefined);
          if (release === undefined) continue;
          mkdirSync(process.argv[1] + '.held');
          await new Promise((resolve) => setTimeout(resolve, 1));
          rmdirSync(process.argv[1] + '.held');
          held++;
          await release();
        }
        process.exit(held > 0 ? 0 : 3);
      })().catch((error) => { console.error(error); process.exit(1); });`;
    const children = Array.from({ length: 3 }, () =>
      spawn(process.execPath, ['-e', program, directory], { stdio: ['ignore', 'ignore', 'inherit'], cwd: __dirname }),
    );
    const codes = await Promise.all(children.map(async (child) => ((await once(child, 'exit')) as [number])[0]));
    expect(codes).toEqual([0, 0, 0]);
  });
});
