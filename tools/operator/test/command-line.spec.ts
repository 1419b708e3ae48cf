/** The operator's command lines as built, on a folder where nothing ran; needs the build that `npm test` makes first. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { embeddedPaths, loadDriverSettings } from '@watchnext/config';
import { DeadLetter, Event, TOPICS, topicSpecs } from '@watchnext/contract';
import { openEventLog } from '@watchnext/event-log';
import { eventOf, runBuilt, searchOf, temporaryDirectory } from '@watchnext/testing';
import { publishSnapshot } from '@watchnext/testing/snapshots';

describe('a command of the operator', () => {
  let directory: { path: string; remove(): Promise<void> };
  const built = (program: string) => resolve(__dirname, '..', 'dist', `${program}.js`);
  const run = (program: string, args: readonly string[]) =>
    runBuilt(built(program), args, { WATCHNEXT_DATA_DIR: directory.path });

  beforeAll(async () => (directory = await temporaryDirectory('operator')));
  afterAll(() => directory.remove());

  it.each([
    ['forget', ['--patience', 'soon'], 2, /--patience.*'soon' is invalid.*whole number/],
    ['forget', ['--report', '/no/such/folder/report.json'], 2, /--report.*cannot be written to \(ENOENT\)/],
    ['forget', [], 1, /no topic watchnext.activity.v1.*WATCHNEXT_DATA_DIR/],
    ['dead-letters', ['list', '--partition', '-1'], 2, /whole number/],
    ['dead-letters', ['list', '--since', '7'], 2, /--since.*a date or a time as 2026-11-21.*UTC/],
    ['dead-letters', ['replay'], 2, /choose letters by a filter, or say --all/],
    ['dead-letters', ['mend'], 2, /unknown command 'mend'/],
    ['rollback-command', ['--too', 'x'], 2, /unknown option '--too'/],
    ['rollback-command', ['--to', ''], 2, /--to.*it is empty/],
    ['rollback-command', ['--from', ' '], 2, /--from.*it is empty/],
    ['rollback-command', ['--compare', 'a', 'b', 'c'], 2, /--compare.*two at most/],
    ['rollback-command', ['--compare', 'a', '--list'], 2, /--compare.*cannot be used with option '--list'/],
    ['rollback-command', ['--compare', 'a'], 3, /no current snapshot: name two/],
    ['rollback-command', [], 3, /no current snapshot/],
    ['rollback-command', ['--list'], 3, /no snapshots in .*operator.*snapshots; WATCHNEXT_DATA_DIR.*WATCHNEXT_S3_/],
    ['backup/main', ['verify', '/no/such/folder'], 3, /\/no\/such\/folder/],
    ['backup/main', ['save', ''], 2, /'place'.*empty/],
    ['backup/main', ['save', 'gs://bucket/backup'], 2, /'place'.*s3:\/\/bucket\/prefix.*\.\//],
    ['backup/main', ['verify', 'S3://bucket/backup'], 2, /'place'.*s3:\/\/bucket\/prefix/],
    ['backup/main', ['restore', 's3:/bucket/backup'], 2, /'place'.*s3:\/\/bucket\/prefix/],
    ['backup/main', ['restore', 's3:///backup'], 2, /'place'.*s3:\/\/bucket\/prefix/],
  ])('%s %j ends with %i, and says why', (program, args, status, text) => {
    expect(run(program, args)).toEqual({ status, text: expect.stringMatching(text) });
  });

  it('forget of a user without a deletion ends with 3, and names the user', async () => {
    const world = await temporaryDirectory('operator-forget');
    try {
      const settings = loadDriverSettings({ WATCHNEXT_DATA_DIR: world.path });
      const log = await openEventLog(settings, embeddedPaths(world.path).eventLog, 'operator');
      await log.ensureTopics(Object.values(topicSpecs(settings.WATCHNEXT_ACTIVITY_PARTITIONS)));
      await log.close();
      const expected = { status: 3, text: expect.stringContaining('x: no deletion in the archive') };
      for (const args of [
        ['--user', 'x'],
        ['--user', 'x', '--dry-run'],
      ])
        expect(runBuilt(built('forget'), args, { WATCHNEXT_DATA_DIR: world.path })).toEqual(expected);
    } finally {
      await world.remove();
    }
  });

  it.each([
    ['forget', [], '8'],
    ['forget', ['--user', 'x'], '2'],
    ['dead-letters', ['list'], '12'],
  ])('%s %j refuses %s partitions where the topic has 4, and says what to set', async (program, args, setting) => {
    const world = await temporaryDirectory('operator-partitions');
    try {
      const settings = loadDriverSettings({ WATCHNEXT_DATA_DIR: world.path });
      const log = await openEventLog(settings, embeddedPaths(world.path).eventLog, 'operator');
      await log.ensureTopics(Object.values(topicSpecs(4)));
      await log.close();
      const environment = { WATCHNEXT_DATA_DIR: world.path, WATCHNEXT_ACTIVITY_PARTITIONS: setting };
      expect(runBuilt(built(program), args, environment)).toEqual({
        status: 78,
        text: expect.stringMatching(
          `topic watchnext.activity.v1 has 4 partitions, the setting says ${setting}: set WATCHNEXT_ACTIVITY_PARTITIONS=4`,
        ),
      });
    } finally {
      await world.remove();
    }
  });

  it('dead-letters that a filter cannot match, or does not, are told from none', async () => {
    const world = await temporaryDirectory('operator-letters');
    try {
      const settings = loadDriverSettings({ WATCHNEXT_DATA_DIR: world.path });
      const log = await openEventLog(settings, embeddedPaths(world.path).eventLog, 'operator');
      await log.ensureTopics(Object.values(topicSpecs(settings.WATCHNEXT_ACTIVITY_PARTITIONS)));
      const list = (...filters: string[]) =>
        runBuilt(built('dead-letters'), ['list', ...filters], { WATCHNEXT_DATA_DIR: world.path });
      expect(list('--code', 'too-old')).toEqual({ status: 0, text: '0 dead letters\n' });
      const letter = DeadLetter.fromPartial({ topic: TOPICS.activity, code: 'undecodable' });
      const eventId = 'e\u009b1m\u202e';
      const value = Buffer.from(Event.encode({ ...eventOf(searchOf('anna', 'q'), Date.now()), eventId }).finish());
      const hostile = { ...letter, value, error: 'a\u001b[2J\u009b1m\nb', code: 'does-not-fold' };
      await log.append(
        TOPICS.deadLetters,
        [letter, hostile].map((one) => ({ key: 'x', value: DeadLetter.encode(one).finish() })),
      );
      await log.close();
      expect(list('--code', 'too-old')).toEqual({ status: 0, text: 'none of 2 dead letters match\n' });
      const listed = list('--code', 'does-not-fold').text;
      expect(listed).toMatch(/ {2}a\\u001b\[2J\\u009b1m\\u000ab\n1 dead letters: does-not-fold 1\n$/);
      const json = list('--json').text;
      expect(json).not.toMatch(/[\u001b\u009b]/);
      expect(JSON.parse(json)).toMatchObject({
        letters: [{ code: 'undecodable' }, { error: hostile.error }],
        counts: { undecodable: 1, 'does-not-fold': 1 },
      });
      const replayed = runBuilt(built('dead-letters'), ['replay', '--all', '--dry-run', '--json'], {
        WATCHNEXT_DATA_DIR: world.path,
      }).text;
      expect(replayed).not.toMatch(/[\u009b\u202e]/);
      expect(JSON.parse(replayed)).toMatchObject({ skipped: [{}, { eventId, reason: 'would-be-refused' }] });
      expect(JSON.parse(list('--code', 'too-old', '--json').text)).toEqual({ letters: [], counts: {} });
      expect(list('--code', 'nonsense')).toEqual({
        status: 2,
        text: expect.stringMatching(/^error: --code: there is no nonsense; there are undecodable, /),
      });
    } finally {
      await world.remove();
    }
  });

  it('rollback to a snapshot that is not there names --list', async () => {
    const world = await temporaryDirectory('operator-rollback');
    try {
      const snapshots = embeddedPaths(world.path).snapshots;
      for (const snapshotId of ['20261120T000000Z-aaaaaa', '20261121T000000Z-bbbbbb'])
        await publishSnapshot(snapshots, snapshotId, async () => ({}));
      expect(
        runBuilt(built('rollback-command'), ['--to', '20261120T000000Z-aaaaab'], { WATCHNEXT_DATA_DIR: world.path }),
      ).toEqual({
        status: 1,
        text: expect.stringMatching(/20261120T000000Z-aaaaab is not in the store; --list names those that are/),
      });
    } finally {
      await world.remove();
    }
  });

  it('backup save of nothing ends with 3, and leaves no backup', async () => {
    const elsewhere = await temporaryDirectory('operator-backup');
    try {
      const place = join(elsewhere.path, 'backup');
      const text = expect.stringMatching(/nothing to back up.*WATCHNEXT_DATA_DIR/);
      expect(run('backup/main', ['save', place])).toEqual({ status: 3, text });
      expect(existsSync(place)).toBe(false);
    } finally {
      await elsewhere.remove();
    }
  });

  it('backup save into the folder of the system ends with 3, and leaves no backup', () => {
    const place = join(directory.path, 'backup');
    const text = expect.stringMatching(/the system that is to be backed up lies in/);
    expect(run('backup/main', ['save', place])).toEqual({ status: 3, text });
    expect(existsSync(place)).toBe(false);
  });
});
