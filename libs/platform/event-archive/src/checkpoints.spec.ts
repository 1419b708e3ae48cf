import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { loadDriverSettings } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { eventually } from '@watchnext/waiting/testing';
import { type CheckpointedState, type CheckpointStore, openCheckpoints } from './checkpoints';

describe('checkpoints in a folder', () => {
  let directory: string;
  let folder: string;
  let incoming: string;
  let work: string;
  let checkpoints: CheckpointStore;

  beforeEach(async () => {
    directory = await mkdtemp(join(os.tmpdir(), 'watchnext-checkpoints-'));
    folder = join(directory, 'checkpoints', TOPICS.activity);
    incoming = join(folder, '.incoming');
    work = join(directory, 'work');
    await mkdir(work);
    jest.spyOn(os, 'tmpdir').mockReturnValue(work);
    checkpoints = openCheckpoints(loadDriverSettings({}), join(directory, 'archive'));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    checkpoints.close();
    await rm(directory, { recursive: true });
  });

  const STATES: readonly CheckpointedState[] = ['anna', 'bert'].map((userId) => ({
    userId,
    state: Buffer.from(userId),
  }));
  async function* states(): AsyncGenerator<CheckpointedState> {
    yield* STATES;
  }
  const PLACE = { topic: TOPICS.activity, partition: 0, offset: 7, stateFormat: 0 };
  const write = (of = states()) => checkpoints.write(PLACE, of);

  /** What anybody but the owner may do with what lies in the work folder, once something does. */
  async function openToOthers(): Promise<number[]> {
    let names: string[] = [];
    await eventually(async () => (names = await readdir(work)).length > 0, 'a file in the work folder');
    return Promise.all(names.map(async (name) => (await stat(join(work, name))).mode & 0o077));
  }

  it('come back as they were written', async () => {
    const { bytes, ...checkpoint } = await write();
    expect(await checkpoints.list(TOPICS.activity)).toEqual([checkpoint]);
    const [name] = (await readdir(folder)).filter((each) => !each.startsWith('.'));
    expect((await stat(join(folder, name!))).size).toBe(bytes);
    const read: CheckpointedState[] = [];
    for await (const state of checkpoints.read(checkpoint)) read.push(state);
    expect(read).toEqual(STATES);
  });

  it('say of which format their states are, by a name that a version which knows none passes over', async () => {
    const written = [await write()];
    for (const stateFormat of [2, 10]) written.push(await checkpoints.write({ ...PLACE, stateFormat }, states()));
    const named = written.map(({ bytes: _, ...checkpoint }) => checkpoint);
    expect(await checkpoints.list(TOPICS.activity)).toEqual(named.toReversed());
    const files = (await readdir(folder)).filter((each) => !each.startsWith('.'));
    expect(files.filter((file) => /^p\d{5,}-\d{16}-[0-9a-f]{64}\.states\.gz$/.test(file))).toHaveLength(1);
    await checkpoints.remove(named[1]!);
    expect((await checkpoints.list(TOPICS.activity)).map(({ stateFormat }) => stateFormat)).toEqual([10, 0]);
  });

  it('are made and read in the cache, where there is one, and not among temporary files', async () => {
    const cache = join(directory, 'cache');
    checkpoints = openCheckpoints(loadDriverSettings({ WATCHNEXT_CACHE_DIR: cache }), join(directory, 'archive'));
    const folders: string[][] = [];
    const look = async () => void folders.push(await readdir(join(cache, 'checkpoints')));
    async function* looked(): AsyncGenerator<CheckpointedState> {
      await look();
      yield* STATES;
    }
    const checkpoint = await write(looked());
    for await (const _ of checkpoints.read(checkpoint)) await look();
    expect(folders.map(({ length }) => length)).toEqual([1, 1, 1]);
    expect(await readdir(join(cache, 'checkpoints'))).toEqual([]);
    expect(await readdir(work)).toEqual([]);
  });

  it('leave nothing under a name of their own when a write fails', async () => {
    await write();
    const [name] = (await readdir(folder)).filter((each) => !each.startsWith('.'));
    await rm(join(folder, name!));
    await mkdir(join(folder, name!, 'in the way'), { recursive: true });
    await expect(write()).rejects.toThrow();
    expect((await readdir(folder)).sort()).toEqual(['.incoming', name]);
    expect(await readdir(incoming)).toEqual([]);
  });

  it('remove what a kill left, once nobody can be writing it', async () => {
    await mkdir(incoming, { recursive: true });
    for (const name of ['p0-old', 'p0-new']) await writeFile(join(incoming, name), 'half a file');
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(join(incoming, 'p0-old'), longAgo, longAgo);
    const { bytes, ...checkpoint } = await write();
    expect(await readdir(incoming)).toEqual(['p0-new']);
    expect(await checkpoints.list(TOPICS.activity)).toEqual([checkpoint]);
    expect(bytes).toBeGreaterThan(0);
  });

  it.each(['written', 'read'])(
    'remove what a process that was killed left where they were made, when one is %s',
    async (done) => {
      const checkpoint = await write();
      const left = join(work, `watchnext-checkpoint-${2 ** 30}-1-aaaaaa`);
      await mkdir(left);
      await writeFile(join(left, 'states.gz'), 'of anna');
      if (done === 'written') await write();
      else for await (const state of checkpoints.read(checkpoint)) expect(state.userId).toMatch(/anna|bert/);
      expect(await readdir(work)).toEqual([]);
    },
  );

  it('are for their owner alone while they are made and read, and leave no copy', async () => {
    const open: number[] = [];
    async function* watched(of: AsyncIterable<CheckpointedState>) {
      for await (const state of of) {
        yield state;
        open.push(...(await openToOthers()));
      }
    }
    const checkpoint = await write(watched(states()));
    for await (const state of watched(checkpoints.read(checkpoint))) expect(state.state).toBeInstanceOf(Buffer);
    expect(open).toEqual([0, 0, 0, 0]);
    expect(await readdir(work)).toEqual([]);
  });
});
