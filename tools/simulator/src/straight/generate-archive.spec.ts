import { fork } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Event, TOPICS, topicSpecs } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { openEmbeddedEventLog, type LogRecord } from '@watchnext/event-log';
import { everyDelivery } from '../life/deliver';
import { catalogueEvents } from '../catalogue-events';
import { World } from '../world';
import { ArchiveThereError, generateArchive } from './generate-archive';
import { SpillWriter } from './spill';
import { WorkerError, type WorkerProgram } from '@watchnext/threads';

const endMs = Date.UTC(2026, 10, 20, 17, 30);
const options = { seed: 5, viewerCount: 60, videoCount: 80, dayCount: 3, daysFromBefore: 2, endMs };
const PARTITIONS = 2;
/** Workers run the source here, as specs do. */
const program: WorkerProgram = {
  file: join(__dirname, 'worker.ts'),
  execArgv: [
    '--conditions=@watchnext/source',
    '--require',
    join(__dirname, '../../../../libs/testing/register-typescript.js'),
  ],
};

// Each worker is a process that compiles its sources first.
jest.setTimeout(120_000);

describe('an archive written straight', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-straight-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  const generate = (name: string, workerCount: number, overrides = {}) =>
    generateArchive({
      world: options,
      archiveFolder: join(folder, name),
      spillFolder: folder,
      partitionCount: PARTITIONS,
      workerCount,
      program,
      ...overrides,
    });
  /** Names carry a checksum of the bytes. */
  const files = (name: string) =>
    readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.parquet'))
      .sort();

  it('has the same files, to the bit, whether one worker wrote it or two, and leaves nothing else', async () => {
    const one = await generate('one', 1);
    const two = await generate('two', 2);
    expect(files('two')).toEqual(files('one'));
    expect(files('one').length).toBeGreaterThan(2 * options.dayCount);
    expect({ ...two, popularity: two.popularity.toColumns() }).toEqual({
      ...one,
      popularity: one.popularity.toColumns(),
    });
    expect(readdirSync(folder).sort()).toEqual(['one', 'two']);
  });

  it('is what comes out when the same events go through the event log and the archive, as ingestion takes them', async () => {
    const world = new World(options);
    const log = openEmbeddedEventLog(join(folder, 'log'));
    const archive = openParquetArchive(join(folder, 'ingested'));
    const specs = topicSpecs(PARTITIONS);
    await log.ensureTopics([specs.activity, specs.catalog]);
    const activity = everyDelivery(world, false)
      .flat()
      .map(({ deliveredAtMs, key, value }) => ({
        key,
        timestampMs: deliveredAtMs,
        // Through the contract's own encoder, as the collector writes it.
        value: Event.encode(Event.decode(value)).finish(),
      }));
    // Stable: a viewer's own order stays, and viewers of one moment follow by number.
    activity.sort((a, b) => a.timestampMs - b.timestampMs);
    await log.append(TOPICS.activity, activity);
    const videos = [...catalogueEvents(world, false)].sort((a, b) => a.occurredAtMs - b.occurredAtMs);
    await log.append(
      TOPICS.catalog,
      videos.map((event) => ({
        key: (event.body!.value as { videoId: string }).videoId,
        timestampMs: event.receivedAtMs,
        value: Event.encode(event).finish(),
      })),
    );
    for (const topic of [TOPICS.activity, TOPICS.catalog]) {
      for (const [partition, records] of await everyRecord(log, topic)) await archive.write(topic, partition, records);
    }
    await archive.close();
    await log.close();
    await generate('straight', 1);
    expect(files('straight')).toEqual(files('ingested'));
  });

  it('does not touch an archive that is there', async () => {
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken', 'something'), '');
    await expect(generate('taken', 1)).rejects.toThrow(ArchiveThereError);
    expect(readdirSync(join(folder, 'taken'))).toEqual(['something']);
  });

  it('removes what killed runs left', async () => {
    const left = ['swept.unfinished', 'watchnext-spill'].map((name) => join(folder, `${name}-${2 ** 30}-1-aaaaaa`));
    for (const name of left) mkdirSync(name);
    await generate('swept', 1);
    expect(left.filter((name) => existsSync(name))).toEqual([]);
    expect(statSync(join(folder, 'swept')).mode & 0o005).toBe(0o005);
  });

  it('leaves nothing behind when a worker fails', async () => {
    const before = readdirSync(folder);
    // A file comes to stand where what waits was: every read and write of it fails, as on a full disk.
    const onProgress = () => {
      for (const name of readdirSync(folder).filter((each) => each.startsWith('watchnext-spill-'))) {
        rmSync(join(folder, name), { recursive: true });
        writeFileSync(join(folder, name), '');
      }
    };
    await expect(generate('failed', 1, { onProgress })).rejects.toThrow(WorkerError);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('leaves nothing behind where there can be no folder for what waits', async () => {
    writeFileSync(join(folder, 'blocked'), '');
    const before = readdirSync(folder);
    await expect(generate('failed', 1, { spillFolder: join(folder, 'blocked', 'spill') })).rejects.toThrow(/ENOTDIR/);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('keeps what lies in the folder for what waits, and reads nothing that a killed run left there', async () => {
    const spillFolder = join(folder, 'scratch');
    mkdirSync(spillFolder);
    writeFileSync(join(spillFolder, 'thesis.txt'), 'all of it');
    // As a run left them that worked in this folder itself.
    const left = new SpillWriter(spillFolder, 0);
    const delivery = { deliveredAtMs: endMs, order: 0, key: 'viewer-00000', value: new Uint8Array(3) };
    left.add(0, 0, 0, delivery);
    left.flush();
    const before = readdirSync(spillFolder);
    expect(before).toHaveLength(2);
    await generate('beside', 1, { spillFolder });
    expect(files('beside')).toEqual(files('one'));
    expect(readdirSync(spillFolder)).toEqual(before);
    expect(readFileSync(join(spillFolder, 'thesis.txt'), 'utf8')).toBe('all of it');
  });
});

async function everyRecord(
  log: ReturnType<typeof openEmbeddedEventLog>,
  topic: string,
): Promise<Map<number, LogRecord[]>> {
  const byPartition = new Map<number, LogRecord[]>();
  const subscription = await log.tail(topic, {
    onRecords: async (records) => {
      for (const record of records)
        byPartition.set(record.partition, [...(byPartition.get(record.partition) ?? []), record]);
    },
  });
  await subscription.stop();
  return byPartition;
}

describe('a worker', () => {
  it('does not outlive its parent', async () => {
    const worker = fork(program.file, [], { execArgv: [...program.execArgv], serialization: 'advanced' });
    const spillFolder = mkdtempSync(join(tmpdir(), 'watchnext-orphan-'));
    try {
      const gone = new Promise((resolve) => worker.once('exit', resolve));
      const huge = { ...options, viewerCount: 100_000, videoCount: 100 };
      worker.send({ kind: 'tell', world: huge, partitionCount: 1, spillFolder, worker: 0, workerCount: 1 });
      await new Promise((resolve) => worker.once('message', resolve));
      worker.disconnect();
      expect(await gone).toBe(1);
    } finally {
      worker.kill();
      rmSync(spillFolder, { recursive: true, force: true });
    }
  });
});
