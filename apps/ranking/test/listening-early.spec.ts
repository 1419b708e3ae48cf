import { embeddedPaths, loadConfig } from '@watchnext/config';
import { createLogger } from '@watchnext/service';
import { expectEarlyListening } from '@watchnext/testing/snapshots';
import { rankingSettings } from '../src/config';
import { startRanking } from '../src/start';

let refuse: (error: Error) => void;
const mockLoading = new Promise<never>((_, reject) => (refuse = reject));
mockLoading.catch(() => undefined);
jest.mock('../src/ranking-snapshot', () => ({
  ...jest.requireActual<object>('../src/ranking-snapshot'),
  loadRankingSnapshot: jest.fn(() => mockLoading),
}));

it('listens, alive and not ready, while the first snapshot is loaded', async () => {
  const logger = createLogger('ranking', { level: 'silent', format: 'json' });
  await expectEarlyListening({
    settingsOf: (values) => loadConfig(rankingSettings, values),
    snapshotsOf: (settings) => embeddedPaths(settings.WATCHNEXT_DATA_DIR).snapshots,
    logger,
    start: (settings) => startRanking(settings, logger),
    refuse: () => refuse(new Error('does not load')),
  });
});
