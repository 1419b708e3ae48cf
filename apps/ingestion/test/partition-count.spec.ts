/** The commands as built, with another number of partitions than the system has, or on a place without one. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadDriverSettings } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { openCheckpoints, openParquetArchive } from '@watchnext/event-archive';
import { eventOf, recordOf, runBuilt, temporaryDirectory, watchOf } from '@watchnext/testing';
import { foldToEnd } from '../src/rebuild/fold-to-end';
import { requireArchivedPartitions } from '../src/rebuild/archived-partitions';
import { restorePartition } from '../src/rebuild/restore-partition';
import { writeCheckpoint } from '../src/rebuild/write-checkpoint';
import { allRecords, openStores, PARTITIONS, quiet, sorted, storedStates } from './harness';

const AT_MS = 1_790_000_000_000;
const partitions = [...Array(PARTITIONS).keys()];
const USERS = Array.from({ length: 60 }, (_, i) => `user-${i}`);

const run = (folder: string, program: string, args: readonly string[], setting = PARTITIONS) =>
  runBuilt(resolve(__dirname, '..', 'dist', 'commands', `${program}.js`), args, {
    WATCHNEXT_DATA_DIR: folder,
    WATCHNEXT_ACTIVITY_PARTITIONS: String(setting),
    WATCHNEXT_LOG_LEVEL: 'silent',
  });

describe('commands on a system whose topic has 4 partitions', () => {
  let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
  let states: [string, string][];

  beforeAll(async () => {
    folder = await temporaryDirectory('partition-count');
    const { log, store, dispose } = await openStores(folder.path);
    const events = USERS.map((userId, i) => eventOf(watchOf(userId, `video-${i % 7}`), AT_MS + i));
    await log.append(TOPICS.activity, events.map(recordOf));
    // What a foreign partitioner put elsewhere was sent on.
    await log.append(TOPICS.activity, [
      { ...recordOf(eventOf(watchOf('user-0', 'video-8'), AT_MS)), key: 'of-another' },
    ]);
    for (let times = 0; times < 2; times++) await foldToEnd(log, store, quiet, partitions, PARTITIONS);
    const archive = openParquetArchive(join(folder.path, 'archive'));
    const records = await allRecords(log, TOPICS.activity);
    for (const partition of partitions) {
      const own = records.filter((record) => record.partition === partition);
      await archive.write(TOPICS.activity, partition, own);
    }
    states = sorted(await storedStates(store));
    expect(states).toHaveLength(USERS.length);
    await archive.close();
    await dispose();
  });
  afterAll(() => folder.remove());

  async function statesNow(): Promise<[string, string][]> {
    const { store, dispose } = await openStores(folder.path);
    try {
      return sorted(await storedStates(store));
    } finally {
      await dispose();
    }
  }

  it.each([
    ['rebuild', ['--overwrite', '--archive-only'], 8],
    ['rebuild', ['--overwrite', '--archive-only'], 16],
    ['rebuild', ['--overwrite', '--archive-only'], 6],
    ['rebuild', ['--overwrite', '--archive-only'], 2],
    ['rebuild', ['--overwrite'], 16],
    ['rebuild', [], 2],
    ['checkpoint', [], 16],
    ['checkpoint', [], 3],
    ['archive-gaps', [], 8],
  ])('%s %j refuses a setting of %i, says what to set, and leaves all as it is', async (program, args, setting) => {
    expect(run(folder.path, program, args, setting)).toEqual({
      status: 78,
      text: expect.stringMatching(
        `has 4 partitions, the setting says ${setting}: set WATCHNEXT_ACTIVITY_PARTITIONS=${PARTITIONS}`,
      ),
    });
    expect(await statesNow()).toEqual(states);
    expect(existsSync(join(folder.path, 'checkpoints'))).toBe(false);
  });

  it('archive-gaps says so where there are none', () => {
    expect(run(folder.path, 'archive-gaps', [])).toEqual({ status: 0, text: 'no gaps in 4 partitions\n' });
  });

  it('counts what lies in another place apart from what it folds', async () => {
    const archive = openParquetArchive(join(folder.path, 'archive'));
    const checkpointFolder = await temporaryDirectory('partition-count-checkpoints');
    const checkpoints = openCheckpoints(loadDriverSettings({}), join(checkpointFolder.path, 'archive'));
    const { store, dispose } = await openStores(checkpointFolder.path);
    try {
      await requireArchivedPartitions(archive, PARTITIONS);
      let [folded, misplaced, passedOver] = [0, 0, 0];
      for (const partition of partitions) {
        const parts = { store, archive, checkpoints, logger: quiet };
        const report = await restorePartition(parts, partition, { partitionCount: PARTITIONS });
        folded += report.foldedRecordCount;
        misplaced += report.misplacedRecordCount;
        const options = { partitionCount: PARTITIONS, keep: 1 };
        passedOver +=
          (await writeCheckpoint(archive, checkpoints, quiet, partition, options))?.misplacedRecordCount ?? 0;
      }
      expect({ folded, misplaced, passedOver }).toEqual({ folded: USERS.length + 1, misplaced: 1, passedOver: 1 });
      expect(sorted(await storedStates(store))).toEqual(states);
    } finally {
      await Promise.all([dispose(), archive.close()]);
      checkpoints.close();
      await checkpointFolder.remove();
    }
  });
});

describe('commands where nothing has run', () => {
  it.each([
    ['rebuild', [], /nothing has run here.*no topic watchnext.activity.v1.*WATCHNEXT_DATA_DIR/],
    ['rebuild', ['--archive-only', '--overwrite'], /the archive is empty.*must name a system that has run/],
    ['archive-gaps', [], /nothing has run here.*no topic watchnext.activity.v1.*WATCHNEXT_DATA_DIR/],
    ['checkpoint', [], /the archive is empty.*must name a system that has run/],
  ])('%s %j fails, says so, and makes nothing', async (program, args, text) => {
    const folder = await temporaryDirectory('nothing-ran');
    const place = join(folder.path, 'data');
    try {
      expect(run(place, program, args)).toEqual({ status: 1, text: expect.stringMatching(text) });
      expect(existsSync(place)).toBe(false);
    } finally {
      await folder.remove();
    }
  });
});
