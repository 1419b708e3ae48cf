/** The trainer as built, on a log without events: what the launcher makes of what it says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { planServices } from '../src/services';
import { trainOnce } from '../src/training';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-nothing-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

describe('a training on an empty log', () => {
  it("ends with the trainer's reason, and what the launcher knows to help", async () => {
    const { trainer } = await planServices(resolve(__dirname, '..', '..', '..'), folder, 0);
    const setting = { logFile: join(folder, 'trainer.log'), folder, ifNothing: 'Bring some events.' };
    const pids: (number | undefined)[] = [];
    const { signal } = new AbortController();
    await expect(trainOnce(trainer, setting, signal, (pid) => pids.push(pid))).rejects.toMatchObject({
      name: 'LaunchError',
      message: 'nothing to train on: the archive holds no activity; send events to ingestion first',
      remedy: 'Bring some events.',
    });
    expect(pids).toEqual([expect.any(Number), undefined]);
  });
});
