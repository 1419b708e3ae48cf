import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SnapshotManifest, TOPICS } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import { createRandom } from '@watchnext/learning';
import {
  describeFiles,
  openFolderSnapshotStore,
  SNAPSHOT_FORMAT_VERSION,
  type SnapshotStore,
} from '@watchnext/snapshot-store';
import { temporaryDirectory } from '@watchnext/testing';
import type { RunState } from '../pipeline/run-state';
import { publishStage } from './publish';

describe('publishing', () => {
  let data: { readonly path: string; remove(): Promise<void> };
  let store: SnapshotStore;
  let facts: Record<string, unknown>;
  const append = jest.fn(async () => []);
  const close = jest.fn(async () => undefined);
  const log = { ensureTopics: async () => undefined, append, close } as unknown as EventLog;
  const openLog = jest.fn(async () => log);
  const patience = { pause: async () => undefined, onFailure: () => undefined };

  beforeEach(async () => {
    data = await temporaryDirectory('publish');
    store = openFolderSnapshotStore(join(data.path, 'snapshots'));
    facts = {};
    jest.clearAllMocks();
  });
  afterEach(() => data.remove());

  const publish = async (snapshotId: string, passed: boolean, parentSnapshotId?: string, mayBeCurrent = true) => {
    const directory = join(data.path, `work-${snapshotId}`);
    await mkdir(directory);
    await writeFile(join(directory, 'candidate.json'), snapshotId);
    const manifest = SnapshotManifest.fromPartial({
      formatVersion: SNAPSHOT_FORMAT_VERSION,
      snapshotId,
      files: await describeFiles(directory),
    });
    const verdict = { passed, checks: [] };
    return publishStage(store, openLog, patience, mayBeCurrent).run(
      { snapshot: { directory, manifest }, verdict, parentSnapshotId } as unknown as RunState,
      {
        progress: { report: () => undefined },
        signal: new AbortController().signal,
        random: createRandom(1),
        note: (more) => Object.assign(facts, more),
      },
    );
  };

  it('moves the pointer from the parent, then announces', async () => {
    await publish('s1', true);
    expect(await store.readPointer()).toBe('s1');
    await publish('s2', true, 's1');
    expect(await store.readPointer()).toBe('s2');
    expect(append).toHaveBeenLastCalledWith(TOPICS.snapshots, [expect.objectContaining({ key: 's2' })]);
  });

  it('keeps a rejected snapshot, and neither moves the pointer nor announces', async () => {
    expect(await publish('s1', false)).toMatchObject({ published: { snapshotId: 's1', current: false } });
    expect(await store.list()).toEqual(['s1']);
    expect(await store.readPointer()).toBeUndefined();
    expect(openLog).not.toHaveBeenCalled();
  });

  it('keeps one for an experiment beside the current one, whoever moved the pointer meanwhile', async () => {
    await publish('s1', true);
    append.mockReset();
    expect(await publish('s2', true, 's0', false)).toEqual({ published: { snapshotId: 's2', current: false } });
    expect(facts).toMatchObject({ snapshotId: 's2', passed: true, current: false });
    expect([await store.readPointer(), await store.list()]).toEqual(['s1', ['s2', 's1']]);
    expect(append).not.toHaveBeenCalled();
  });

  it('does not overrule another trainer that was faster, and says what is current', async () => {
    await publish('s1', true);
    await expect(publish('s2', true, undefined)).rejects.toThrow(
      /s2 was trained to follow none, but s1 is current by now/,
    );
    expect(await store.readPointer()).toBe('s1');
    expect(await store.list()).toContain('s2');
  });

  it('has succeeded even where nobody can be told', async () => {
    append.mockRejectedValueOnce(new Error('the log is away'));
    expect(await publish('s1', true)).toMatchObject({ published: { current: true } });
    expect(facts).toMatchObject({ announced: false, reason: 'the log is away' });
    expect(close).toHaveBeenCalled();
    openLog.mockRejectedValueOnce(new Error('no broker answers'));
    expect(await publish('s2', true, 's1')).toMatchObject({ published: { current: true } });
    expect(facts).toMatchObject({ announced: false, reason: 'no broker answers' });
  });
});
