import type { SnapshotManifest } from '@watchnext/contract';
import { SnapshotNotFoundError, type SnapshotStore, SnapshotStoreUnavailableError } from '@watchnext/snapshot-store';
import { earlierModel } from './earlier-model';

const HELD_OUT_FROM_MS = 1_000;

/**
 * A line of snapshots, the first the current one; whoever fetches the files of one is told which it was.
 * @param ends when the newest example was that each has learned from; undefined: not said
 */
function storeOf(
  ends: readonly (number | undefined)[],
  missing: (snapshotId: string) => Error | undefined = () => undefined,
) {
  const read: string[] = [];
  const store = {
    readPointer: async () => 's0',
    readManifest: async (snapshotId: string) => {
      read.push(snapshotId);
      const error = missing(snapshotId);
      if (error) throw error;
      const number = Number(snapshotId.slice(1));
      const toMs = ends[number];
      return {
        snapshotId,
        parentSnapshotId: number + 1 < ends.length ? `s${number + 1}` : '',
        window: toMs === undefined ? undefined : { fromMs: 0, toMs, evaluatedFromMs: 0, evaluatedToMs: toMs },
      } as unknown as SnapshotManifest;
    },
    fetch: async (snapshotId: string) => {
      throw new Error(`its files are asked for: ${snapshotId}`);
    },
  } as unknown as SnapshotStore;
  return { store, read };
}

const originOf = async ({ store }: { store: SnapshotStore }) => (await earlierModel(store, HELD_OUT_FROM_MS)).origin;

describe('what a training may begin with', () => {
  it('is the newest snapshot that has not seen the held-out days, however many came after it', async () => {
    expect(await originOf(storeOf([999]))).toContain('its files are asked for: s0');
    const line = storeOf([1_300, 1_200, 1_100, 1_000, 999, 500]);
    expect(await originOf(line)).toBe('s4 cannot be loaded: its files are asked for: s4');
    expect(line.read).toEqual(['s0', 's1', 's2', 's3', 's4']);
    expect(await originOf(storeOf([1_300, undefined, 900]))).toContain('s2');
  });

  it('is nothing where all of them have', async () => {
    expect(await originOf(storeOf([1_000]))).toBe('s0 has trained on the held-out days');
    expect(await originOf(storeOf([1_300, 1_200, 1_000]))).toBe(
      's0 and the 2 before it have trained on the held-out days',
    );
  });

  it('is not looked for without end', async () => {
    const line = storeOf(Array.from({ length: 1_000 }, () => 2_000));
    expect(await originOf(line)).toBe('s0 and the 100 before it have trained on the held-out days');
    expect(line.read).toHaveLength(101);
  });

  it('is nothing where one on the way was removed; a store that may answer later is asked again', async () => {
    const removed = storeOf([1_300, 1_200, 900], (id) => (id === 's1' ? new SnapshotNotFoundError(id) : undefined));
    expect(await originOf(removed)).toBe('s1 cannot be loaded: snapshot s1 is not in the store');
    const away = storeOf([1_300, 900], (id) => (id === 's1' ? new SnapshotStoreUnavailableError('away') : undefined));
    await expect(earlierModel(away.store, HELD_OUT_FROM_MS)).rejects.toThrow('away');
  });
});
