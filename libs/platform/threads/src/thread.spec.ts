import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@watchnext/waiting/testing';
import { makeThreads } from './make-threads';
import { sharedInts } from './shared';
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

  interface Blocked {
    /** Blocked until it is told to go on. */
    readonly isFree: Int32Array;
    readonly file: string;
  }
  /** Blocks its thread, out of reach of JavaScript as an add-on is, and leaves a file when it is through. */
  const BLOCKS = `
    const { writeFileSync } = require('node:fs');
    const block = ({ isFree, file }) => {
      writeFileSync(file + '.begun', '');
      Atomics.wait(isFree, 0, 0);
      writeFileSync(file, '');
    };`;
  interface Blocks extends Record<string, (input: Blocked) => void> {
    block: (input: Blocked) => void;
  }
  const goOn = (isFree: Int32Array) => {
    Atomics.store(isFree, 0, 1);
    Atomics.notify(isFree, 0);
  };
  const begun = (file: string) => eventually(() => existsSync(`${file}.begun`), `a call that writes ${file}.begun`);

  it('fails calls at once when it is closed, and those after, and is ended though one of them waits for ever', async () => {
    const file = join(folder, 'file');
    const thread = new Thread<{ wait: () => Promise<void> }>(
      programOf(`
        answerCalls({
          wait() {
            require('node:fs').writeFileSync(${JSON.stringify(`${file}.begun`)}, '');
            return new Promise((resolve) => setTimeout(resolve, 600_000));
          },
        });
      `),
    );
    const called = thread.call('wait', undefined);
    expect(thread.pending).toBe(1);
    await begun(file);
    const closed = thread.close();
    await expect(called).rejects.toThrow('the thread is closed');
    await expect(thread.call('wait', undefined)).rejects.toThrow('the thread is closed');
    await closed;
  });

  it('lets the call under way finish when it is closed, and begins none that waits', async () => {
    const thread = new Thread<Blocks>(programOf(`${BLOCKS} answerCalls({ block });`));
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    const isFree = sharedInts(1);
    const calls = [first, second].map((file) =>
      expect(thread.call('block', { isFree, file })).rejects.toThrow('the thread is closed'),
    );
    await begun(first);
    const closed = thread.close();
    await Promise.all(calls);
    expect(existsSync(first)).toBe(false);
    goOn(isFree);
    await closed;
    expect(existsSync(first)).toBe(true);
    expect(existsSync(`${second}.begun`)).toBe(false);
  });

  it('ends a call that tells how far it is where it tells it next', async () => {
    const told = join(folder, 'told');
    const thread = new Thread<{ count: (file: string) => void }>(
      programOf(`
        const { reportProgress } = require(${JSON.stringify(THREADS)});
        const { writeFileSync } = require('node:fs');
        answerCalls({
          count(file) {
            writeFileSync(file + '.begun', '');
            try {
              for (let done = 0; ; done++) reportProgress(done);
            } catch (error) {
              writeFileSync(file, error.message);
            }
          },
        });
      `),
    );
    const called = thread.call('count', told);
    await begun(told);
    await Promise.all([expect(called).rejects.toThrow('the thread is closed'), thread.close()]);
    expect(readFileSync(told, 'utf8')).toBe('the thread is closed');
  });

  it('is closed once, however often it is told to', async () => {
    const thread = new Thread<Blocks>(programOf(`${BLOCKS} answerCalls({ block });`));
    const file = join(folder, 'file');
    const isFree = sharedInts(1);
    const called = expect(thread.call('block', { isFree, file })).rejects.toThrow('the thread is closed');
    await begun(file);
    const closed = [thread.close(), thread.close()];
    await called;
    goOn(isFree);
    await Promise.all(closed);
    await thread.close();
    expect(existsSync(file)).toBe(true);
  });

  it('knows nothing of a call whose input cannot be sent', async () => {
    const thread = new Thread<{ take: (input: unknown) => number }>(programOf(`answerCalls({ take: () => 1 });`));
    await expect(thread.call('take', () => 1)).rejects.toThrow('could not be cloned');
    expect(thread.pending).toBe(0);
    await expect(thread.call('take', 1)).resolves.toBe(1);
    await thread.close();
  });
});

describe('several threads', () => {
  const makes = (names: readonly string[], closed: string[]) => (index: number) => {
    const name = names[index]!;
    if (name === 'none') throw new Error('no more threads');
    return { name, close: async () => void closed.push(name) };
  };

  it('are made in order', () => {
    const closed: string[] = [];
    expect(makeThreads(2, makes(['a', 'b'], closed)).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(closed).toEqual([]);
  });

  it('are all closed where one cannot be made', () => {
    const closed: string[] = [];
    expect(() => makeThreads(4, makes(['a', 'b', 'none', 'c'], closed))).toThrow('no more threads');
    expect(closed).toEqual(['a', 'b']);
  });
});
