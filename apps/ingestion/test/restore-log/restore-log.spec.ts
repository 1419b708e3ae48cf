/** npm run restore-log as built, in processes that are killed, told to stop, and run out of disk; needs the build that `npm test` makes first. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { newState } from '@watchnext/features';
import { eventually, recordOf, runBuilt, temporaryDirectory } from '@watchnext/testing';
import { allRecords } from '../harness';
import {
  archiveAll,
  embeddedLog,
  fold,
  openWorld,
  someEvents,
  statesOf,
  type World,
  writeCatalogue,
  writeEvents,
} from './world';

const PROGRAM = resolve(__dirname, '..', '..', 'dist', 'commands', 'restore-log.js');
const PARTITIONS = 4;
const EVENT_COUNT = 3_000;
/** Of the commits of one run: the first that a held one makes only when it is told to stop. */
const HELD_COMMIT = 8;
/** Loaded before the program: keeps it from ending before a spec that gets its turn late has sent it a signal. */
const HOLD = `
  const { isMainThread, Worker } = require('node:worker_threads');
  if (isMainThread) {
    const told = new Promise((resolve) => process.once('SIGTERM', resolve));
    const { postMessage } = Worker.prototype;
    let commits = 0;
    Worker.prototype.postMessage = function (message) {
      const send = () => postMessage.call(this, message);
      if (message.name === 'write' && ++commits === ${HELD_COMMIT}) told.then(send);
      else send();
    };
  }`;

describe('npm run restore-log', () => {
  let directory: { path: string; remove(): Promise<void> };
  let states: Record<string, string>;
  let systems = 0;
  /** The data folder of the system that is lost but for its archive. */
  const oldFolder = () => join(directory.path, 'old');
  const newFolder = () => join(directory.path, `new-${systems}`);
  const openNew = () => openWorld(newFolder(), embeddedLog, PARTITIONS);
  const settings = (more: Record<string, string> = {}) => ({
    WATCHNEXT_DATA_DIR: newFolder(),
    WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITIONS),
    ...more,
  });
  const run = (args: readonly string[] = [oldFolder()], more: Record<string, string> = {}) =>
    runBuilt(PROGRAM, args, settings(more));
  const startHeld = (): ChildProcess =>
    spawn(process.execPath, ['--require', join(directory.path, 'hold.js'), PROGRAM, oldFolder()], {
      env: { ...process.env, ...settings() },
      stdio: 'ignore',
    });
  const appendedCount = async () => {
    const world = await openNew();
    const count = (await allRecords(world.log, TOPICS.activity)).length;
    await world.close();
    return count;
  };
  /** Watches of the log from another process; the log is there once the command has made it. */
  const whileHeld = async (act: (child: ChildProcess, world: World) => Promise<void>) => {
    const child = startHeld();
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const world = await openNew();
    try {
      await act(child, world);
    } finally {
      await world.close();
    }
    return ended;
  };
  /** Waits until the log has more records than so many, with the command still at work. */
  const appendedMoreThan = async (count: number, child: ChildProcess, { log }: World) => {
    const isRunning = () => child.exitCode === null && child.signalCode === null;
    await eventually(async () => {
      const there = (await log.bounds(TOPICS.activity)).reduce((sum, { endOffset }) => sum + endOffset, 0);
      return there > count || !isRunning();
    }, 'the records that the command appends');
    expect(isRunning()).toBe(true);
  };

  beforeAll(async () => {
    directory = await temporaryDirectory('restore-log-command');
    await writeFile(join(directory.path, 'hold.js'), HOLD);
    const old = await openWorld(oldFolder(), embeddedLog, PARTITIONS);
    await writeEvents(old, someEvents(EVENT_COUNT));
    await writeCatalogue(old, 30);
    await fold(old);
    await archiveAll(old);
    states = await statesOf(old);
    await old.close();
  });
  beforeEach(() => systems++);
  afterAll(() => directory.remove());

  it.each([
    [['--help'], 0, /<place>[^]*--partitions-before <n>[^]*--dry-run[^]*Exit codes: 0 done.*143/],
    [[], 2, /missing required argument 'place'/],
    [['https://host/a'], 2, /it must be a folder or s3:\/\/bucket\/prefix/],
    [['a', 'b'], 2, /too many arguments/],
    [['a', '--partitions-before', '0'], 2, /--partitions-before.*whole number of at least 1/],
    [['/nowhere/at/all'], 1, /\/nowhere\/at\/all has no archive of watchnext.activity.v1: name the place/],
  ])('%j ends with %i, and says why', (args, status, text) => {
    expect(run(args)).toEqual({ status, text: expect.stringMatching(text) });
    expect(existsSync(join(newFolder(), 'event-log'))).toBe(false);
  });

  it('restores catalogue and activity into a system that never ran, and has nothing to do the next time', async () => {
    const dry = run([oldFolder(), '--dry-run']);
    expect(dry).toEqual({ status: 0, text: expect.stringContaining(`"appendedRecordCount":${EVENT_COUNT},`) });
    expect(existsSync(newFolder())).toBe(false);
    const { status, text } = run();
    expect([status, text]).toEqual([0, expect.stringContaining('"topic":"watchnext.catalog.v1"')]);
    expect(text).toContain(`"appendedRecordCount":${EVENT_COUNT},"foundRecordCount":0`);
    expect(run().text).toContain(`"appendedRecordCount":0,"foundRecordCount":${EVENT_COUNT}`);
    const world = await openNew();
    expect(new Set((await allRecords(world.log, TOPICS.catalog)).map(({ key }) => key)).size).toBe(9);
    await fold(world);
    expect(await statesOf(world)).toEqual(states);
    // What ingestion makes of it does not stand in the way of the same command.
    await archiveAll(world);
    await world.close();
    expect(run().status).toBe(0);
  });

  it('killed with -9 again and again in the middle, goes on and appends each record once', async () => {
    for (let kills = 0; kills < 3; kills++) {
      const before = kills === 0 ? 0 : await appendedCount();
      const ended = await whileHeld(async (child, world) => {
        await appendedMoreThan(before, child, world);
        child.kill('SIGKILL');
      });
      expect(ended).toEqual([null, 'SIGKILL']);
    }
    const cut = await appendedCount();
    expect(cut).toBeLessThan(EVENT_COUNT);
    expect(run().text).toContain(`"appendedRecordCount":${EVENT_COUNT - cut},"foundRecordCount":${cut}`);
    expect(await appendedCount()).toBe(EVENT_COUNT);
    const world = await openNew();
    await fold(world);
    expect(await statesOf(world)).toEqual(states);
    await world.close();
  });

  it('told to stop, ends between two appends with 143, and goes on the next time', async () => {
    const ended = await whileHeld(async (child, world) => {
      await appendedMoreThan(0, child, world);
      child.kill('SIGTERM');
    });
    expect(ended).toEqual([143, null]);
    const cut = await appendedCount();
    expect(cut).toBeLessThan(EVENT_COUNT);
    expect(run().text).toContain(`"foundRecordCount":${cut}`);
    expect(await appendedCount()).toBe(EVENT_COUNT);
  });

  it('says that the disk is full, and goes on once there is room', async () => {
    // KiB, of the log's file, which takes more in the end.
    const limited = spawnSync(
      'bash',
      ['-c', 'ulimit -f 600 && exec "$0" "$1" "$2"', process.execPath, PROGRAM, oldFolder()],
      { encoding: 'utf8', env: { ...process.env, ...settings() } },
    );
    expect(limited.stderr).toMatch(
      /the event log could not be written: .*\nThe same command goes on where this one ended/,
    );
    expect(limited.status).toBe(1);
    const cut = await appendedCount();
    expect(cut).toBeLessThan(EVENT_COUNT);
    expect(run().text).toContain(`"appendedRecordCount":${EVENT_COUNT - cut},"foundRecordCount":${cut}`);
    expect(await appendedCount()).toBe(EVENT_COUNT);
  });

  it('says that no broker answers, and that it goes on', () => {
    const kafka = { WATCHNEXT_EVENT_LOG: 'kafka', WATCHNEXT_KAFKA_BROKERS: '127.0.0.1:1' };
    const { status, text } = run([oldFolder()], { ...kafka, WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: '1000' });
    expect([status, text]).toEqual([
      1,
      expect.stringMatching(/127\.0\.0\.1:1[^]*The same command goes on where this one ended/),
    ]);
  });

  it('refuses to read the archive that the system writes, by whatever name', () => {
    const own = { WATCHNEXT_DATA_DIR: join(oldFolder(), '..', 'old') };
    const refused =
      /WATCHNEXT_DATA_DIR: .*is the archive that the log is to be restored from[^]*name another, empty place/;
    expect(run([oldFolder()], own)).toEqual({ status: 78, text: expect.stringMatching(refused) });
  });

  it('refuses a backup: it may hold what was forgotten since', async () => {
    const backup = join(directory.path, 'backup');
    await mkdir(backup, { recursive: true });
    await writeFile(join(backup, 'backup.json'), '{}');
    const { status, text } = run([backup]);
    expect([status, text]).toEqual([1, expect.stringMatching(/is a backup[^]*npm run backup -- restore/)]);
  });

  it('refuses a place that a backup was not wholly brought back into', async () => {
    const place = join(directory.path, 'unfinished');
    await cp(join(oldFolder(), 'archive'), join(place, 'archive'), { recursive: true });
    await writeFile(join(place, 'restore-unfinished'), '');
    const { status, text } = run([place]);
    expect([status, text]).toEqual([
      1,
      expect.stringMatching(/lacks part of its backup[^]*npm run backup -- restore" again/),
    ]);
    expect(existsSync(join(newFolder(), 'event-log'))).toBe(false);
    await rm(join(place, 'restore-unfinished'));
    await rm(join(place, 'archive', TOPICS.catalog), { recursive: true });
    expect(run([place])).toEqual({ status: 1, text: expect.stringMatching(/no archive of watchnext.catalog.v1/) });
    expect(run([place, '--without-catalogue']).text).toContain(`"appendedRecordCount":${EVENT_COUNT},`);
  });

  it('refuses another number of partitions, and cuts anew where it is told to', async () => {
    const eight = { WATCHNEXT_ACTIVITY_PARTITIONS: '8' };
    expect(run([oldFolder()], eight)).toEqual({
      status: 78,
      text: expect.stringMatching(/cut into 4 partitions, not 8: set it to 4, or [^]*say --partitions-before 4/),
    });
    expect(run([oldFolder(), '--partitions-before', '4'], eight).status).toBe(0);
    const world = await openWorld(newFolder(), embeddedLog, 8);
    await fold(world);
    expect(await statesOf(world)).toEqual(states);
    await world.close();
  });

  it('restores a new version of the topic out of the archive of the one before, as many partitions as that had', async () => {
    const before = 'watchnext.activity.v0';
    const world = await openWorld(newFolder(), embeddedLog, 8);
    const old = openParquetArchive(join(oldFolder(), 'archive'));
    for (let partition = 0; partition < PARTITIONS; partition++)
      for await (const records of old.read(TOPICS.activity, { order: 'offset', partition }))
        await world.archive.write(
          before,
          partition,
          records.map((record) => ({ ...record, topic: before })),
        );
    await Promise.all([old.close(), world.close()]);
    const args = [newFolder(), '--topic-before', before];
    const eight = { WATCHNEXT_ACTIVITY_PARTITIONS: '8' };
    expect(run(args, eight)).toEqual({ status: 78, text: expect.stringMatching(/say --partitions-before 4/) });
    const { status, text } = run([...args, '--partitions-before', '4'], eight);
    expect([status, text]).toEqual([0, expect.stringContaining(`"appendedRecordCount":${EVENT_COUNT},`)]);
    expect(text).not.toContain(TOPICS.catalog);
    const restored = await openWorld(newFolder(), embeddedLog, 8);
    await fold(restored);
    expect(await statesOf(restored)).toEqual(states);
    await restored.close();
  });

  it.each([
    [
      'an archive of another log',
      /WATCHNEXT_DATA_DIR: .* has an archive of watchnext.activity.v1 already[^]*name an empty place/,
      (world: World) =>
        world.archive.write(TOPICS.activity, 0, [
          { topic: TOPICS.activity, partition: 0, offset: 0, timestampMs: 1, ...recordOf(someEvents(1)[0]!) },
        ]),
    ],
    [
      'states of another log',
      /WATCHNEXT_DATA_DIR: there are states of another log: name another folder/,
      (world: World) =>
        world.store.commit(2, {
          expected: undefined,
          next: { topic: TOPICS.activity, partition: 2, offset: 5 },
          states: new Map([['anna', Buffer.from(newState('anna').userId)]]),
        }),
    ],
    [
      'a log with records of its own',
      /WATCHNEXT_DATA_DIR: topic watchnext.activity.v1 has records that were not restored[^]*Stop them/,
      (world: World) => writeEvents(world, someEvents(3)),
    ],
  ])('refuses a system that has %s', async (_, refused, fill) => {
    const world = await openNew();
    await fill(world);
    await world.close();
    expect(run()).toEqual({ status: 78, text: expect.stringMatching(refused) });
  });
});
