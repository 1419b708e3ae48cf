import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadDriverSettings } from '@watchnext/config';
import { topicSpecs } from '@watchnext/contract';
import { openEmbeddedEventLog } from './embedded/embedded-event-log';
import { openSystemLog } from './open-system-log';

describe('openSystemLog', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'watchnext-system-log-'))));
  afterEach(() => rmSync(directory, { recursive: true }));
  const open = (partitions: number, folder = directory) =>
    openSystemLog(loadDriverSettings({ WATCHNEXT_ACTIVITY_PARTITIONS: String(partitions) }), folder, 'operator');

  async function run(partitionCount: number): Promise<void> {
    const log = openEmbeddedEventLog(directory);
    await log.ensureTopics(Object.values(topicSpecs(partitionCount)));
    await log.close();
  }

  it('opens a log whose activity topic has the partitions of the setting', async () => {
    await run(3);
    const log = await open(3);
    expect(await log.partitionCount('watchnext.activity.v1')).toBe(3);
    await log.close();
  });

  it.each([2, 4, 8])('refuses %i partitions where the topic has another number, and says which', async (setting) => {
    await run(3);
    const opened = open(setting);
    await expect(opened).rejects.toThrow(ConfigError);
    await expect(opened).rejects.toThrow(
      `topic watchnext.activity.v1 has 3 partitions, the setting says ${setting}: set WATCHNEXT_ACTIVITY_PARTITIONS=3`,
    );
  });

  it('says that nothing has run where there is no log, and makes none', async () => {
    const folder = join(directory, 'event-log');
    await expect(open(4, folder)).rejects.toThrow(/nothing has run here.*WATCHNEXT_DATA_DIR/);
    expect(existsSync(folder)).toBe(false);
  });

  it('says so where a log has no topic of it', async () => {
    await openEmbeddedEventLog(directory).close();
    await expect(open(4)).rejects.toMatchObject({ code: 'nothing-ran' });
  });
});
