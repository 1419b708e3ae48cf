import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedPaths, loadConfig } from '@watchnext/config';
import { createLogger } from '@watchnext/service';
import { publishSnapshot, writeCandidateFiles } from '@watchnext/testing/snapshots';
import { retrievalSettings } from '../src/config';
import { startRetrieval } from '../src/start';

it('loads nothing once it is told to stop, and ends', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'watchnext-retrieval-stopped-'));
  const settings = loadConfig(retrievalSettings, { WATCHNEXT_DATA_DIR: directory, WATCHNEXT_GRPC_PORT: '0' });
  await publishSnapshot(embeddedPaths(settings.WATCHNEXT_DATA_DIR).snapshots, '20260101T000000Z-aaaaaa', (folder) =>
    writeCandidateFiles(folder, { videoIds: ['v0', 'v1', 'v2'], seed: 1, withIndex: true }),
  );
  const logger = createLogger('retrieval', { level: 'silent', format: 'json' });
  const told = [jest.spyOn(logger, 'info'), jest.spyOn(logger, 'error')];
  const { app } = await startRetrieval(settings, logger, AbortSignal.abort(new Error('SIGTERM')));
  await app.close();
  for (const { mock } of told) {
    expect(mock.calls.filter(([facts]) => 'snapshotId' in (facts as object))).toEqual([]);
  }
  await rm(directory, { recursive: true, force: true });
});
