import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Thread } from './thread';

const THREADS = join(__dirname, '..', 'dist', 'index.js');

describe('Thread', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-thread-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function programOf(source: string): string {
    const file = join(folder, 'program.js');
    writeFileSync(file, `const { answerCalls } = require(${JSON.stringify(THREADS)});\n${source}`);
    return file;
  }

  it('is not ended before its program is loaded: add-ons that are interrupted there abort the process', async () => {
    const loaded = join(folder, 'loaded');
    const thread = new Thread(
      programOf(`
        for (const until = Date.now() + 200; Date.now() < until; );
        require('node:fs').writeFileSync(${JSON.stringify(loaded)}, '');
        answerCalls({});
      `),
    );
    await thread.close();
    expect(existsSync(loaded)).toBe(true);
  });

  it('closes where the program ended before it could be called, and says so once', async () => {
    const lost: string[] = [];
    const thread = new Thread(programOf(`throw new Error('no such add-on');`), ({ message }) => lost.push(message));
    await expect(thread.call('anything', 1)).rejects.toThrow('a thread ended unexpectedly: no such add-on');
    await thread.close();
    expect(lost).toEqual(['a thread ended unexpectedly: no such add-on']);
  });

  it('fails calls at once when it is closed, and those after', async () => {
    const thread = new Thread<{ wait: () => Promise<void> }>(
      programOf(`answerCalls({ wait: () => new Promise((resolve) => setTimeout(resolve, 600_000)) });`),
    );
    const called = thread.call('wait', undefined);
    expect(thread.pending).toBe(1);
    const closed = thread.close();
    await expect(called).rejects.toThrow('the thread is closed');
    await closed;
    await expect(thread.call('wait', undefined)).rejects.toThrow('the thread is closed');
  });
});
