import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@watchnext/config';
import { createLogger } from '@watchnext/service';
import { eventually } from '@watchnext/testing';
import { publishSnapshot } from '@watchnext/testing/snapshots';
import { retrievalPaths, retrievalSettings } from '../src/config';
import { startRetrieval } from '../src/start';

let refuse: (error: Error) => void;
const mockLoading = new Promise<never>((_, reject) => (refuse = reject));
mockLoading.catch(() => undefined);
jest.mock('../src/retrieval-snapshot', () => ({
  ...jest.requireActual<object>('../src/retrieval-snapshot'),
  loadRetrievalSnapshot: jest.fn(() => mockLoading),
}));

it('listens, alive and not ready, while the first snapshot is loaded', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'watchnext-retrieval-listening-'));
  const settings = loadConfig(retrievalSettings, {
    WATCHNEXT_DATA_DIR: directory,
    WATCHNEXT_GRPC_PORT: '0',
    WATCHNEXT_METRICS_PORT: '0',
  });
  await publishSnapshot(retrievalPaths(settings).snapshots, '20260101T000000Z-aaaaaa', async (folder) => {
    await writeFile(join(folder, 'model.bin'), 'not looked at');
    return {};
  });
  const logger = createLogger('retrieval', { level: 'silent', format: 'json' });
  const info = jest.spyOn(logger, 'info');
  const portOf = (server: string) =>
    eventually(() => {
      const told = info.mock.calls.find(([, text]) => (text as unknown) === `${server} listening`);
      if (!told) throw new Error(`${server} does not listen`);
      return (told[0] as unknown as { port: number }).port;
    });
  let hasStarted = false;
  const started = startRetrieval(settings, logger).finally(() => (hasStarted = true));
  const url = `http://127.0.0.1:${await portOf('metrics')}`;
  expect(await portOf('gRPC')).toBeGreaterThan(0);
  const statusOf = async (path: string) => (await fetch(`${url}${path}`)).status;
  expect([await statusOf('/livez'), await statusOf('/readyz'), await statusOf('/metrics')]).toEqual([200, 503, 200]);
  expect(hasStarted).toBe(false);
  refuse(new Error('does not load'));
  await (await started).app.close();
  await rm(directory, { recursive: true, force: true });
});
