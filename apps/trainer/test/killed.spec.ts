import { join } from 'node:path';
import { ChildProgram, temporaryDirectory } from '@watchnext/testing';
import type { ProgressMessage } from '../src/progress/progress-messages';
import { environment, storeOf, train } from './harness';
import { archiveEvents, syntheticEvents } from './synthetic-log';

const TEST_LIMIT_MS = 120_000;
const MAIN = join(__dirname, '..', 'src', 'main.ts');

describe('a trainer in a process of its own', () => {
  let data: { readonly path: string; remove(): Promise<void> };
  beforeEach(async () => {
    data = await temporaryDirectory('trainer-killed');
    await archiveEvents(data.path, syntheticEvents({ userCount: 40, videoCount: 60, dayCount: 4 }));
  });
  afterEach(() => data.remove());

  const start = () => ChildProgram.start<ProgressMessage>(MAIN, ['--once'], environment(data.path));
  const reaches = async (program: ChildProgram<ProgressMessage>, stage: string) => {
    const ended = new Promise<never>((_resolve, reject) =>
      program.process.once('exit', (code) =>
        reject(new Error(`ended with ${code} before "${stage}":\n${program.output}`)),
      ),
    );
    const reached = new Promise<void>((resolve) =>
      program.process.on('message', (message) => (message as ProgressMessage).stage === stage && resolve()),
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
});
