import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openFolderSnapshotStore,
  SNAPSHOT_FILES,
  type SnapshotStore,
  SnapshotStoreUnavailableError,
} from '@watchnext/snapshot-store';
import { flipBit, publishSnapshot, writeCandidateFiles } from '@watchnext/testing/snapshots';
import { listSnapshots, rollback, RollbackRefusedError } from '../src/rollback';

const FIRST = '20260101T000000Z-aaaaaa';
const SECOND = '20260102T000000Z-bbbbbb';
const THIRD = '20260103T000000Z-cccccc';

describe('rollback', () => {
  let directory: string;
  let store: SnapshotStore;
  let announced: string[];
  const announce = async (snapshotId: string) => void announced.push(snapshotId);

  beforeEach(async () => {
    announced = [];
    directory = await mkdtemp(join(tmpdir(), 'watchnext-rollback-'));
    for (const id of [FIRST, SECOND, THIRD]) {
      await publishSnapshot(directory, id, (files) => writeCandidateFiles(files, { videoIds: ['v'], seed: 1 }));
    }
    store = openFolderSnapshotStore(directory);
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  it('goes back to the parent, again to its parent, and no further than the first', async () => {
    expect(await rollback(store, { announce })).toEqual({ from: THIRD, to: SECOND, moved: true, announced: true });
    expect(await store.readPointer()).toBe(SECOND);
    expect((await rollback(store, { announce })).to).toBe(FIRST);
    expect(announced).toEqual([SECOND, FIRST]);
    await expect(rollback(store, { announce })).rejects.toThrow('is the first snapshot');
    expect((await rollback(store, { announce, to: THIRD })).to).toBe(THIRD);
  });

  it('has moved the pointer even where nobody could be told', async () => {
    const failing = () => Promise.reject(new Error('the log is down'));
    expect(await rollback(store, { announce: failing })).toMatchObject({ moved: true, announced: false });
    expect(await store.readPointer()).toBe(SECOND);
  });

  it('changes nothing on a dry run, nor where another one is current than was thought', async () => {
    expect(await rollback(store, { announce, dryRun: true })).toEqual({ from: THIRD, to: SECOND, moved: false });
    await expect(rollback(store, { announce, from: SECOND })).rejects.toThrow(`the current snapshot is ${THIRD}`);
    await expect(rollback(store, { announce, to: THIRD })).rejects.toThrow('current already');
    expect([await store.readPointer(), announced]).toEqual([THIRD, []]);
  });

  it('goes to no damaged snapshot, and to none that is not there', async () => {
    await flipBit(join(directory, SECOND, SNAPSHOT_FILES.candidateTensors), 300);
    await expect(rollback(store, { announce })).rejects.toThrow(SNAPSHOT_FILES.candidateTensors);
    await expect(rollback(store, { announce, to: '20250101T000000Z-ffffff' })).rejects.toThrow('not in the store');
    expect(await store.readPointer()).toBe(THIRD);
  });

  it('asks for a target where the current snapshot cannot say what was before it', async () => {
    await flipBit(join(directory, THIRD, 'manifest.json'), 0);
    const blind = rollback(store, { announce });
    await expect(blind).rejects.toThrow(RollbackRefusedError);
    await expect(blind).rejects.toThrow(/manifest.json.*name one by --to/);
    expect((await rollback(store, { announce, to: SECOND })).moved).toBe(true);
  });

  it('lists all snapshots, the damaged ones with the reason', async () => {
    await flipBit(join(directory, SECOND, 'manifest.json'), 0);
    expect(await listSnapshots(store, directory)).toEqual([
      `* ${THIRD}  passed  after ${SECOND}`,
      expect.stringMatching(new RegExp(`^  ${SECOND}  unreadable  .*manifest.json: is not a manifest`)),
      `  ${FIRST}  passed  after none`,
    ]);
  });

  it('lists nothing of a store that fails', async () => {
    const down = new SnapshotStoreUnavailableError('the store is down');
    const failing: SnapshotStore = Object.create(store, { readManifest: { value: () => Promise.reject(down) } });
    await expect(listSnapshots(failing, directory)).rejects.toBe(down);
    await expect(rollback(failing, { announce })).rejects.toBe(down);
  });

  it('refuses where a trainer moved the pointer meanwhile', async () => {
    const racing: SnapshotStore = Object.create(store, {
      movePointer: {
        value: async (expected: string, next: string) => {
          await store.movePointer(THIRD, FIRST);
          await store.movePointer(expected, next);
        },
      },
    });
    await expect(rollback(racing, { announce })).rejects.toThrow(RollbackRefusedError);
    expect(await store.readPointer()).toBe(FIRST);
  });
});
