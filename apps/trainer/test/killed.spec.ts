import { readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ChildProgram, temporaryDirectory, TEST_LIMIT_MS } from '@watchnext/testing';
import { EXIT_CODES } from '../src/cli';
import type { ProgressMessage } from '@watchnext/config';
import { environment, modelDigests, storeOf, train } from './harness';
import { archiveEvents, syntheticEvents } from './synthetic-log';

const MAIN = join(__dirname, '..', 'src', 'main.ts');

const exitCode = ({ process }: ChildProgram<ProgressMessage>) =>
  new Promise<number | null>((resolve) => process.once('exit', resolve));

const EVENTS = syntheticEvents({ userCount: 40, videoCount: 60, dayCount: 4 });

describe('a trainer in a process of its own', () => {
  let data: { readonly path: string; remove(): Promise<void> };
  beforeEach(async () => {
    data = await temporaryDirectory('trainer-killed');
    await archiveEvents(data.path, EVENTS);
  });
  afterEach(() => data.remove());

  const start = () => ChildProgram.start<ProgressMessage>(MAIN, ['--once'], environment(data.path));
  const reaches = async (program: ChildProgram<ProgressMessage>, stage: string, least = 0) => {
    const ended = new Promise<never>((_resolve, reject) =>
      program.process.once('exit', (code) =>
        reject(new Error(`ended with ${code} before "${stage}":\n${program.output}`)),
      ),
    );
    const reached = new Promise<void>((resolve) =>
      program.process.on('message', (message) => {
        const { stage: reachedStage, done } = message as ProgressMessage;
        if (reachedStage === stage && done >= least) resolve();
      }),
    );
    await Promise.race([reached, ended]);
  };

  it(
    'killed in the middle leaves no snapshot and no pointer, and nothing in the way of the next run',
    async () => {
      const program = start();
      await reaches(program, 'train ranking model');
      await program.kill('SIGKILL');
      const store = storeOf(data.path);
      expect(await store.readPointer()).toBeUndefined();
      expect(await store.list()).toEqual([]);
      expect((await train(data.path)).printed).toMatch(/is published and current/);
      expect(await store.readPointer()).toBe((await store.list())[0]);
    },
    TEST_LIMIT_MS,
  );

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ])(
    'told to stop by %s before its drivers are open ends with %i, and opens none',
    async (signal, code) => {
      const before = await readdir(data.path);
      const preload = join(data.path, '..', `${basename(data.path)}-preload.js`);
      // The signal comes as soon as it is listened for.
      await writeFile(
        preload,
        `process.on('newListener', (event) => event === '${signal}' && process.kill(process.pid, '${signal}'));`,
      );
      try {
        const program = ChildProgram.start<ProgressMessage>(MAIN, ['--once'], {
          ...environment(data.path),
          NODE_OPTIONS: `--require ${preload}`,
        });
        expect(await exitCode(program)).toBe(code);
        expect(await readdir(data.path)).toEqual(before);
      } finally {
        await rm(preload);
      }
    },
    TEST_LIMIT_MS,
  );

  it(
    'goes on where nobody reads its output any more',
    async () => {
      const empty = await temporaryDirectory('trainer-unread');
      const preload = join(empty.path, 'preload.js');
      // As the first line written to a closed pipe does.
      await writeFile(
        preload,
        `process.on('newListener', (event) => event === 'SIGTERM' && process.stdout.emit('error', Object.assign(new Error('unread'), { code: 'EPIPE' })));`,
      );
      try {
        const program = ChildProgram.start<ProgressMessage>(MAIN, ['--once'], {
          ...environment(empty.path),
          NODE_OPTIONS: `--require ${preload}`,
        });
        expect(await exitCode(program)).toBe(EXIT_CODES.nothingToTrain);
      } finally {
        await empty.remove();
      }
    },
    TEST_LIMIT_MS,
  );

  it(
    'told to stop by SIGTERM ends at a clean point with 143',
    async () => {
      const program = start();
      await reaches(program, 'train candidate model');
      expect(await program.kill('SIGTERM')).toBe(143);
      expect(await storeOf(data.path).list()).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  it(
    'told to stop by SIGTERM while it trains ranking leaves its state, from which the next run goes on to the same bytes',
    async () => {
      const program = start();
      await reaches(program, 'train ranking model', 1);
      expect(await program.kill('SIGTERM')).toBe(143);
      const checkpoints = join(data.path, 'trainer', 'checkpoints');
      const states = await readdir(checkpoints);
      expect(states).toContainEqual(expect.stringMatching(/^ranking-[0-9a-f]{16}\.safetensors$/));
      expect(states).toContainEqual(expect.stringMatching(/^candidate-/));
      const resumed = ChildProgram.start<ProgressMessage>(MAIN, ['--once'], {
        ...environment(data.path),
        WATCHNEXT_LOG_LEVEL: 'info',
      });
      expect(await exitCode(resumed)).toBe(0);
      expect(resumed.output).toContain('going on from where a stopped run left this training');
      await expect(readdir(checkpoints)).rejects.toThrow('ENOENT');

      const other = await temporaryDirectory('trainer-not-killed');
      try {
        await archiveEvents(other.path, EVENTS);
        expect((await train(other.path)).code).toBe(0);
        const trained = await modelDigests(data.path);
        expect(Object.keys(trained).length).toBeGreaterThan(3);
        expect(trained).toEqual(await modelDigests(other.path));
      } finally {
        await other.remove();
      }
    },
    2 * TEST_LIMIT_MS,
  );
});
