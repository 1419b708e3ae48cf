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
