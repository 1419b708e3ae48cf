/** Starts that retrieval refuses before it serves anything. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedPaths, loadConfig } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { openEmbeddedEventLog } from '@watchnext/event-log';
import { createLogger } from '@watchnext/service';
import { retrievalSettings } from '../src/config';
import { startRetrieval } from '../src/start';

it('says which setting names a data folder that cannot be made', async () => {
  const settings = loadConfig(retrievalSettings, {
    WATCHNEXT_DATA_DIR: join(__filename, 'data'),
    WATCHNEXT_GRPC_PORT: '0',
  });
  const starting = startRetrieval(settings, createLogger('retrieval', { level: 'silent', format: 'json' }));
  await expect(starting).rejects.toThrow(/WATCHNEXT_DATA_DIR: the folder .* cannot be made or written to \(ENOTDIR\)/);
});

it.each([TOPICS.catalog, TOPICS.snapshots])(
  'does not start where %s has another number of partitions',
  async (topic) => {
    const directory = await mkdtemp(join(tmpdir(), 'watchnext-retrieval-refused-'));
    const settings = loadConfig(retrievalSettings, { WATCHNEXT_DATA_DIR: directory, WATCHNEXT_GRPC_PORT: '0' });
    const log = openEmbeddedEventLog(embeddedPaths(settings.WATCHNEXT_DATA_DIR).eventLog);
    await log.ensureTopics([{ name: topic, partitionCount: 3, compacted: true }]);
    await log.close();
    const starting = startRetrieval(settings, createLogger('retrieval', { level: 'silent', format: 'json' })).then(
      ({ app }) => app.close(),
    );
    await expect(starting).rejects.toThrow(`topic ${topic} has 3 partitions`);
    await rm(directory, { recursive: true, force: true });
  },
);
