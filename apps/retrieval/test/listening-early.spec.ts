import { embeddedPaths, loadConfig } from '@watchnext/config';
import { createLogger } from '@watchnext/service';
import { expectEarlyListening } from '@watchnext/testing/snapshots';
import { retrievalSettings } from '../src/config';
import { startRetrieval } from '../src/start';

let refuse: (error: Error) => void;
const mockLoading = new Promise<never>((_, reject) => (refuse = reject));
mockLoading.catch(() => undefined);
jest.mock('../src/retrieval-snapshot', () => ({
  ...jest.requireActual<object>('../src/retrieval-snapshot'),
  loadRetrievalSnapshot: jest.fn(() => mockLoading),
}));

it('listens, alive and not ready, while the first snapshot is loaded', async () => {
  const logger = createLogger('retrieval', { level: 'silent', format: 'json' });
  await expectEarlyListening({
    settingsOf: (values) => loadConfig(retrievalSettings, values),
    snapshotsOf: (settings) => embeddedPaths(settings.WATCHNEXT_DATA_DIR).snapshots,
    logger,
    start: (settings) => startRetrieval(settings, logger),
    refuse: () => refuse(new Error('does not load')),
  });
});
