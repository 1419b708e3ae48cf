import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SnapshotManifest } from '@watchnext/contract';
import {
  describeFiles,
  openFolderSnapshotStore,
  PointerConflictError,
  SNAPSHOT_FORMAT_VERSION,
  SnapshotExistsError,
  type SnapshotStore,
  SnapshotStoreUnavailableError,
} from '@watchnext/snapshot-store';
import { temporaryDirectory } from '@watchnext/testing';
import { movePointerPatiently, patientReads, publishPatiently } from './patient-publishing';

type Write = 'publish' | 'movePointer';

describe('publishing to a store in trouble', () => {
  let data: { readonly path: string; remove(): Promise<void> };
  let store: SnapshotStore;
  let pausesMs: number[];
  const patience = {
    onFailure: jest.fn(),
    pause: jest.fn(async (milliseconds: number, _signal?: AbortSignal) => void pausesMs.push(milliseconds)),
  };
  beforeEach(async () => {
    data = await temporaryDirectory('patient-publishing');
    store = openFolderSnapshotStore(join(data.path, 'snapshots'));
    pausesMs = [];
    jest.clearAllMocks();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await data.remove();
  });

  const written = async (snapshotId: string, content = snapshotId) => {
    const directory = join(data.path, `${snapshotId}-${content}`);
    await mkdir(directory);
    await writeFile(join(directory, 'candidate.json'), content);
    const files = await describeFiles(directory);
    const manifest = SnapshotManifest.fromPartial({
      formatVersion: SNAPSHOT_FORMAT_VERSION,
      snapshotId,
      files,
      metrics: [{ name: 'candidates.recall@100', scorer: 'model', value: 0.25 }],
    });
    return { directory, manifest };
  };
  const unavailable = new SnapshotStoreUnavailableError('503 SlowDown');
  const failing = (call: Write, times: number) => {
    const spy = jest.spyOn(store, call);
    for (let i = 0; i < times; i++) spy.mockRejectedValueOnce(unavailable);
    return spy;
  };
  /** The first call does its work, and its answer is lost. */
  const losingAnAnswer = (call: Write) => {
    const real = store[call].bind(store) as (...args: unknown[]) => Promise<void>;
    jest.spyOn(store, call as 'publish').mockImplementationOnce(async (...args: unknown[]) => {
      await real(...args);
      throw unavailable;
    });
  };
  const never = new AbortController().signal;
  const publish = ({ directory, manifest }: Awaited<ReturnType<typeof written>>, signal = never) =>
    publishPatiently(store, directory, manifest, patience, signal);

  it('is tried again, with pauses that grow', async () => {
    failing('publish', 3);
    await publish(await written('s1'));
    expect(await store.list()).toEqual(['s1']);
    expect(pausesMs).toEqual([1_000, 2_000, 5_000]);
    expect(patience.onFailure).toHaveBeenLastCalledWith(unavailable, 5_000);
  });

  it.each(['publish', 'movePointer'] as const)('is given up after some minutes (%s)', async (call) => {
    const snapshot = await written('s1');
    if (call === 'movePointer') await publish(snapshot);
    const calls = failing(call, 100);
    const work = call === 'publish' ? publish(snapshot) : movePointerPatiently(store, undefined, 's1', patience);
    await expect(work).rejects.toBe(unavailable);
    expect(calls).toHaveBeenCalledTimes(pausesMs.length + 1);
    const minutes = pausesMs.reduce((sum, milliseconds) => sum + milliseconds, 0) / 60_000;
    expect(minutes).toBeGreaterThan(3);
    expect(minutes).toBeLessThan(10);
  });

  it('has published what is there by a try whose answer was lost', async () => {
    losingAnAnswer('publish');
    await publish(await written('s1'));
    expect(await store.list()).toEqual(['s1']);
  });

  it('has published what is there by a request that the store’s client repeated within one try', async () => {
    const own = await written('s1');
    await publish(own);
    await publish(own);
    expect(pausesMs).toEqual([]);
  });

  it('does not take what somebody else published under the id for its own', async () => {
    await publish(await written('s1', 'theirs'));
    const own = await written('s1', 'own');
    await expect(publish(own)).rejects.toBeInstanceOf(SnapshotExistsError);
    expect(pausesMs).toEqual([]);
    failing('publish', 1);
    await expect(publish(own)).rejects.toBeInstanceOf(SnapshotExistsError);
  });

  it('has moved a pointer that is there by a try whose answer was lost', async () => {
    await publish(await written('s1'));
    losingAnAnswer('movePointer');
    await movePointerPatiently(store, undefined, 's1', patience);
    expect(await store.readPointer()).toBe('s1');
    expect(pausesMs).toEqual([1_000]);
  });

  it('does not overrule who moved the pointer meanwhile, and does not ask again', async () => {
    for (const snapshotId of ['s1', 's2']) await publish(await written(snapshotId));
    await store.movePointer(undefined, 's2');
    failing('movePointer', 1);
    await expect(movePointerPatiently(store, undefined, 's1', patience)).rejects.toBeInstanceOf(PointerConflictError);
    expect(pausesMs).toEqual([1_000]);
    expect(await store.readPointer()).toBe('s2');
  });

  it('is ended by a signal while it waits', async () => {
    const stopping = new AbortController();
    const reason = new Error('to stop');
    patience.pause.mockImplementationOnce(async (_, signal) => {
      stopping.abort(reason);
      signal?.throwIfAborted();
    });
    failing('publish', 1);
    await expect(publish(await written('s1'), stopping.signal)).rejects.toBe(reason);
    expect(await store.list()).toEqual([]);
  });

  it('reads of it as patiently what stands between trainings', async () => {
    const { directory, manifest } = await written('20260101T000000Z-aaaaaa');
    await store.publish(directory, manifest);
    const { signal } = new AbortController();
    for (const call of ['readPointer', 'readManifest', 'fetch'] as const) {
      jest.spyOn(store, call as 'readManifest').mockRejectedValueOnce(unavailable);
      await patientReads(store, patience, signal)[call](manifest.snapshotId);
    }
    expect(pausesMs).toEqual([1_000, 1_000, 1_000]);
  });
});
