import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, type GrpcTlsSettings, loadDriverSettings } from '@watchnext/config';
import { type EventLog, openEventLog } from '@watchnext/event-log';
import { openSnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';
import { pingService } from '../test/ping-service';
import { createLogger } from './logger';
import { MetricsRegistry } from './metrics';
import { ModelServer } from './model-server';

// The true ones, whose calls of `close` are counted.
jest.mock('@watchnext/event-log', () => {
  const actual = jest.requireActual<typeof import('@watchnext/event-log')>('@watchnext/event-log');
  const open = async (...args: Parameters<typeof actual.openEventLog>) => {
    const log = await actual.openEventLog(...args);
    jest.spyOn(log, 'close');
    return log;
  };
  return { ...actual, openEventLog: jest.fn(open) };
});
jest.mock('@watchnext/snapshot-store', () => {
  const actual = jest.requireActual<typeof import('@watchnext/snapshot-store')>('@watchnext/snapshot-store');
  const open = (...args: Parameters<typeof actual.openSnapshotStore>) => {
    const store = actual.openSnapshotStore(...args);
    jest.spyOn(store, 'close');
    return store;
  };
  return { ...actual, openSnapshotStore: jest.fn(open) };
});

/** How often what was opened last has been closed. */
async function closesOf(open: jest.Mock): Promise<number> {
  const { close } = await open.mock.results.at(-1)!.value;
  return (close as jest.Mock).mock.calls.length;
}

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

describe('a server of models that cannot be opened', () => {
  const logger = createLogger('spec', { level: 'silent', format: 'json' });
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'model-server-'));
    file = join(directory, 'a-file');
    await writeFile(file, '');
  });
  afterEach(() => rm(directory, { recursive: true }));

  const opened = { log: openEventLog as unknown as jest.Mock, store: openSnapshotStore as unknown as jest.Mock };
  beforeEach(() => Object.values(opened).forEach((mocked) => mocked.mockClear()));
  const open = async (environment: Record<string, string>, change: Partial<GrpcTlsSettings> = {}) => {
    const settings = {
      ...loadDriverSettings({ WATCHNEXT_DATA_DIR: join(directory, 'data'), ...environment }),
      WATCHNEXT_HOST: '127.0.0.1',
      WATCHNEXT_GRPC_PORT: 0,
      WATCHNEXT_METRICS_PORT: 0,
      WATCHNEXT_HELD_SNAPSHOTS: 3,
      WATCHNEXT_EXPERIMENTS_POLL_SECONDS: 2,
      ...change,
    };
    const error = await ModelServer.open(settings, 'retrieval', logger, new MetricsRegistry({})).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  };

  it('names the folder where snapshots cannot be kept, and its setting, and closes the log', async () => {
    const s3 = { WATCHNEXT_OBJECT_STORE: 's3', WATCHNEXT_S3_BUCKET: 'bucket' };
    const message = await open({ ...s3, WATCHNEXT_CACHE_DIR: file });
    expect(message).toContain('WATCHNEXT_CACHE_DIR');
    expect(message).toContain(join(file, 'snapshots'));
    expect(await closesOf(opened.log)).toBe(1);
    expect(opened.store.mock.results.map(({ type }) => type)).toEqual(['throw']);
  });

  it('names the folder of the log and its setting, and opens no store', async () => {
    const message = await open({ WATCHNEXT_DATA_DIR: file });
    expect(message).toContain('WATCHNEXT_DATA_DIR');
    expect(message).toContain(join(file, 'event-log'));
    expect(opened.store).not.toHaveBeenCalled();
  });

  it('names the certificate that cannot be read, and closes log and store', async () => {
    const missing = join(directory, 'missing.pem');
    const message = await open(
      {},
      {
        WATCHNEXT_GRPC_TLS_CA_FILE: missing,
        WATCHNEXT_GRPC_TLS_CERT_FILE: missing,
        WATCHNEXT_GRPC_TLS_KEY_FILE: missing,
      },
    );
    expect(message).toContain('WATCHNEXT_GRPC_TLS_CA_FILE');
    expect(await closesOf(opened.log)).toBe(1);
    expect(await closesOf(opened.store)).toBe(1);
  });
});
