import { SnapshotManifest } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import { SnapshotDiskError, type SnapshotStore } from '@watchnext/snapshot-store';
import { createLogger } from './logger';
import { SERVICE_METRICS } from './metric-names';
import { MetricsRegistry } from './metrics';
import { followSnapshots, type SnapshotFollowing } from './snapshot-serving';

const eventLog = {
  ensureTopics: async () => undefined,
  tail: async () => ({ assignedPartitions: () => [], heartbeatAgeMs: () => 0, stop: async () => undefined }),
} as Partial<EventLog> as EventLog;

describe('a reader of snapshots whose pointer cannot be read', () => {
  const metrics = new MetricsRegistry({});
  const failures = () => metrics.value(SERVICE_METRICS.snapshotPointerFailures);
  let following: SnapshotFollowing<{ close(): void }>;
  let isDenied = false;

  const store = {
    readPointer: async () => {
      if (isDenied) throw new Error('access denied');
      return undefined;
    },
  } as Partial<SnapshotStore> as SnapshotStore;
  beforeAll(async () => {
    following = await followSnapshots({
      store,
      eventLog,
      metrics,
      logger: createLogger('spec', { level: 'silent', format: 'json' }),
      load: async () => ({ close: () => undefined }),
    });
  });
  afterAll(() => following.close());

  it('counts each failure, and shows none from the start', async () => {
    expect(metrics.render()).toContain(`\n${SERVICE_METRICS.snapshotPointerFailures} 0\n`);
    isDenied = true;
    const before = failures();
    await following.holder.refresh();
    await following.holder.refresh();
    const failed = failures();
    // The holder's own looks at the pointer count too.
    expect(failed - before).toBeGreaterThanOrEqual(2);
    isDenied = false;
    await following.holder.refresh();
    const mended = failures();
    await following.holder.refresh();
    expect(failures()).toBe(mended);
  });
});

describe('a reader of snapshots whose disk is full', () => {
  it('counts the refusal as one of the disk', async () => {
    const metrics = new MetricsRegistry({});
    const following = await followSnapshots({
      store: {
        readPointer: async () => 's1',
        fetch: () => Promise.reject(new SnapshotDiskError('full')),
        readManifest: () => Promise.reject(new SnapshotDiskError('full')),
      } as Partial<SnapshotStore> as SnapshotStore,
      eventLog,
      metrics,
      logger: createLogger('spec', { level: 'silent', format: 'json' }),
      load: async () => ({ close: () => undefined }),
    });
    expect(metrics.value(SERVICE_METRICS.snapshotRefusals, { reason: 'local-disk' })).toBeGreaterThan(0);
    await following.close();
  });
});

describe('a reader that an experiment wants another snapshot of', () => {
  it('is ready when both were loaded or given up, and not before', async () => {
    const steps: string[] = [];
    const following = await followSnapshots({
      store: {
        readPointer: async () => 'current',
        fetch: async (id: string) => {
          // The first loads go past many turns of the event loop.
          await new Promise((resolve) => setTimeout(resolve, 20));
          steps.push(`fetched ${id}`);
          if (id === 'refused') throw new SnapshotDiskError('full');
          return { snapshotId: id, directory: '', manifest: SnapshotManifest.fromPartial({ snapshotId: id }) };
        },
      } as Partial<SnapshotStore> as SnapshotStore,
      eventLog,
      logger: createLogger('spec', { level: 'silent', format: 'json' }),
      load: async () => ({ close: () => undefined }),
      pinned: () => ['pinned', 'refused'],
      onCurrent: () => steps.push('current'),
      onReady: () => steps.push('ready'),
    });
    await following.close();
    expect(steps).toEqual(['fetched current', 'current', 'fetched pinned', 'fetched refused', 'ready']);
  });

  it('is not ready without a current one, and is as soon as there is one', async () => {
    const pointer: { id?: string } = {};
    const onReady = jest.fn();
    const following = await followSnapshots({
      store: {
        readPointer: async () => pointer.id,
        fetch: async (id: string) => ({
          ...{ snapshotId: id, directory: '' },
          manifest: SnapshotManifest.fromPartial({ snapshotId: id }),
        }),
      } as Partial<SnapshotStore> as SnapshotStore,
      eventLog,
      logger: createLogger('spec', { level: 'silent', format: 'json' }),
      load: async () => ({ close: () => undefined }),
      pinned: () => ['pinned'],
      onReady,
    });
    expect(onReady).not.toHaveBeenCalled();
    pointer.id = 'current';
    await following.holder.refresh();
    expect(onReady).toHaveBeenCalledTimes(1);
    await following.close();
  });
});

describe('a reader that loads a snapshot again before the last request to it ended', () => {
  it('goes on telling its age once the first of both is let go', async () => {
    const metrics = new MetricsRegistry({});
    const pointer = { id: 'a' };
    const following = await followSnapshots({
      store: {
        readPointer: async () => pointer.id,
        fetch: async (id: string) => ({
          ...{ snapshotId: id, directory: '' },
          manifest: SnapshotManifest.fromPartial({ snapshotId: id, createdAtMs: Date.now() - 60_000 }),
        }),
      } as Partial<SnapshotStore> as SnapshotStore,
      eventLog,
      metrics,
      capacity: 1,
      logger: createLogger('spec', { level: 'silent', format: 'json' }),
      load: async () => ({ close: () => undefined }),
    });
    const { holder } = following;
    let endRequest!: () => void;
    const request = holder.use('a', () => new Promise<void>((resolve) => (endRequest = resolve)));
    for (pointer.id of ['b', 'a']) await holder.refresh();
    expect(holder.heldIds()).toEqual(['a']);
    endRequest();
    await request;
    await new Promise((resolve) => setImmediate(resolve));
    expect(metrics.render()).toMatch(new RegExp(`^${SERVICE_METRICS.snapshotAge} [1-9]`, 'm'));
    await following.close();
  });
});
