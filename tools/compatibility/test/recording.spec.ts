/** What the released version stored, read by today's code: the recording of `npm run release-contract`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { archiveFolder, fillSnapshots, readRecording, RELEASED_RECORDING } from '@watchnext/dev';
import { verifyServedFeatures } from '@watchnext/end-to-end';
import { type ArchiveTable, type EventArchive, openParquetArchive } from '@watchnext/event-archive';
import { type LogRecord, partitionOf } from '@watchnext/event-log';
import { applyEvent, decodeState, encodeState, newState, refuse } from '@watchnext/features';
import { openFolderSnapshotStore, SNAPSHOT_FORMAT_VERSION, type SnapshotStore } from '@watchnext/snapshot-store';
import { readContracts, readerOf } from '../src';

const recording = readRecording();
const contracts = readContracts();
const oldEvents = readerOf(contracts, 'watchnext.event.v1.Event')!;
const oldStates = readerOf(contracts, 'watchnext.state.v1.UserState')!;
/** Scores come from a native library, which may round differently on another processor. */
const RELATIVE_TOLERANCE = 1e-4;

let folder: string;
let archive: EventArchive;
let snapshots: SnapshotStore;
let activity: LogRecord[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'watchnext-compatibility-'));
  archive = openParquetArchive(archiveFolder(RELEASED_RECORDING));
  await fillSnapshots(RELEASED_RECORDING, recording, folder);
  snapshots = openFolderSnapshotStore(join(folder, 'snapshots'));
  activity = await all(TOPICS.activity);
});

afterAll(async () => {
  await Promise.all([archive?.close(), snapshots?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

async function all(topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const batch of archive.read(topic, { order: 'offset' })) records.push(...batch);
  return records;
}

describe('archived events', () => {
  it('mean to today’s code what they meant when they were written', async () => {
    const records = [...activity, ...(await all(TOPICS.catalog))];
    expect(records.length).toBeGreaterThan(200);
    for (const { value } of records) {
      const event = Event.decode(value);
      expect(event.body).toBeDefined();
      expect(oldEvents.read(Event.encode(event).finish())).toEqual(oldEvents.read(value));
    }
  });

  it('are of every kind that a world of viewers makes', () => {
    const kinds = activity.map(({ value }) => Event.decode(value).body?.$case);
    expect(kinds).toEqual(
      expect.arrayContaining(['impressionsServed', 'watch', 'search', 'userUpserted', 'userMerged']),
    );
  });

  it('fold into the very states that were stored', () => {
    expect(recording.states.users.length).toBeGreaterThan(20);
    for (const { userId, partition, state } of recording.states.users) {
      expect(partitionOf(userId, recording.about.partitionCount)).toBe(partition);
      const mark = recording.states.marks.find((each) => each.partition === partition)!;
      const folded = newState(userId);
      for (const record of activity) {
        if (record.key !== userId || record.offset > mark.offset) continue;
        const event = Event.decode(record.value);
        if (!refuse(event, record.timestampMs)) applyEvent(folded, event);
      }
      expect([userId, Buffer.from(encodeState(folded)).equals(Buffer.from(state))]).toEqual([userId, true]);
    }
  });
});

describe('stored states', () => {
  it('are read, and written so that an old reader finds all that it knew', () => {
    for (const { state } of recording.states.users) {
      expect(oldStates.read(encodeState(decodeState(state)))).toEqual(oldStates.read(state));
    }
  });
});

describe('the archive’s files', () => {
  const columnsOf = async (table: ArchiveTable) =>
    Object.fromEntries((await table.rows('DESCRIBE events')).map((row) => [row['column_name'], row['column_type']]));

  it('have today the columns that queries of yesterday ask for, and the same types', async () => {
    const written = openParquetArchive(join(folder, 'archive-of-today'));
    try {
      const ofOnePartition = activity.filter(({ partition }) => partition === 0).slice(0, 20);
      await written.write(TOPICS.activity, 0, ofOnePartition);
      const [before, now] = await Promise.all(
        [archive, written].map((each) => each.analyse(TOPICS.activity, {}, columnsOf)),
      );
      expect(Object.keys(before as object).length).toBeGreaterThan(5);
      expect(now).toEqual(expect.objectContaining(before as object));
    } finally {
      await written.close();
    }
  });

  it('answer SQL of today as the events in them say', async () => {
    const rows = await archive.analyse(TOPICS.activity, {}, (table) =>
      table.rows('SELECT kind, CAST(count(*) AS DOUBLE) AS count FROM events GROUP BY kind'),
    );
    const counts = new Map<string, number>();
    for (const { value } of activity) {
      const kind = Event.decode(value).body!.$case.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    expect(new Map(rows.map(({ kind, count }) => [kind, count]))).toEqual(counts);
  });
});

describe('the snapshot', () => {
  it('is served as it was, or is of another format and refused with the remedy', async () => {
    const { snapshotId } = recording.about;
    const { formatVersion } = await snapshots.readManifest(snapshotId).catch(() => ({ formatVersion: undefined }));
    if (formatVersion !== SNAPSHOT_FORMAT_VERSION) {
      await expect(snapshots.fetch(snapshotId)).rejects.toMatchObject({ code: 'snapshot-format' });
      return;
    }
    const { checkedCount, mismatches } = await verifyServedFeatures(archive, snapshots);
    expect(checkedCount).toBeGreaterThan(10);
    const isRounding = ({ what, served, replayed }: (typeof mismatches)[number]) =>
      what === 'score' && Math.abs(served - replayed) <= RELATIVE_TOLERANCE * Math.abs(served);
    expect(mismatches.filter((mismatch) => !isRounding(mismatch))).toEqual([]);
  });
});
