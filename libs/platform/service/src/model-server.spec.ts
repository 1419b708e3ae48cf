import type { EventLog } from '@watchnext/event-log';
import type { SnapshotStore } from '@watchnext/snapshot-store';
import { pingService } from '../test/ping-service';
import { createLogger } from './logger';
import { MetricsRegistry } from './metrics';
import { ModelServer } from './model-server';

const NAME = 'spec.Ping';

describe('a server of models', () => {
  const logger = createLogger('spec', { level: 'silent', format: 'json' });
  let closed: string[];
  let server: ModelServer;
  const closing = (name: string) => async () => void closed.push(name);
  beforeEach(() => {
    closed = [];
    server = new ModelServer({
      settings: {
        WATCHNEXT_HOST: '127.0.0.1',
        WATCHNEXT_GRPC_PORT: 0,
        WATCHNEXT_METRICS_PORT: 0,
        WATCHNEXT_HELD_SNAPSHOTS: 3,
        WATCHNEXT_EXPERIMENTS_POLL_SECONDS: 2,
      },
      logger,
      metrics: new MetricsRegistry({}),
      log: {
        eventLog: {
          ensureTopics: async () => undefined,
          tail: async () => ({ assignedPartitions: () => [], heartbeatAgeMs: () => 0, stop: closing('announcements') }),
          close: closing('log'),
        } as Partial<EventLog> as EventLog,
        unavailable: undefined,
      },
      store: {
        readPointer: async () => 's1',
        fetch: async () => ({ snapshotId: 's1', manifest: { createdAtMs: 0 }, release: () => undefined }),
        close: closing('store'),
      } as unknown as SnapshotStore,
    });
    server.closeLater(closing('threads'));
    server.closeLater(closing('catalogue'));
  });
  const serve = () =>
    server.serve({
      load: async () => ({ close: closing('snapshot') }),
      serviceOf: () => ({ name: NAME, definition: pingService(NAME), implementation: { ping: () => undefined } }),
      stopping: new AbortController().signal,
    });

  it('closes snapshots before what they compute on, and log and store last', async () => {
    expect(await serve()).toBeGreaterThan(0);
    await server.onApplicationShutdown();
    expect(closed).toEqual(['announcements', 'snapshot', 'catalogue', 'threads', 'log', 'store']);
  });

  it('is ready with its first snapshot, and hears no probes any more once its calls have ended', async () => {
    const listening = jest.spyOn(logger, 'info');
    await serve();
    const [facts] = listening.mock.calls.find(([, text]) => (text as unknown) === 'metrics listening')!;
    const readyz = () => fetch(`http://127.0.0.1:${(facts as unknown as { port: number }).port}/readyz`);
    const told = await readyz();
    expect([told.status, await told.text()]).toEqual([200, 'ready']);
    await server.onApplicationShutdown();
    await expect(readyz()).rejects.toThrow();
  });

  it('closes what there is where it does not come to serve', async () => {
    await server.onApplicationShutdown();
    expect(closed).toEqual(['catalogue', 'threads', 'log', 'store']);
  });
});
