import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { openParquetArchive, type EventArchive } from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { eventOf, eventually, recordOf, searchOf, temporaryDirectory } from '@watchnext/testing';
import { quiet } from '../../test/harness';
import { Archiver } from './archiver';

const AT_MS = 1_790_000_000_000;

describe('Archiver', () => {
  let directory: { path: string; remove(): Promise<void> };
  let archive: EventArchive;
  let nowMs: number;
  beforeEach(async () => {
    nowMs = AT_MS;
    directory = await temporaryDirectory('archiver');
    archive = openParquetArchive(directory.path);
  });
  afterEach(async () => {
    await archive.close();
    await directory.remove();
  });

  const log = { bounds: async () => [{ partition: 0, firstOffset: 0, endOffset: 100_000 }] };
  const archiver = (to = archive) =>
    new Archiver(TOPICS.activity, log, to, quiet, { flushAfterSeconds: 5, clock: () => nowMs });
  const records = (from: number, count: number): LogRecord[] =>
    Array.from({ length: count }, (_, i) => ({
      topic: TOPICS.activity,
      partition: 0,
      offset: from + i,
      timestampMs: AT_MS,
      ...recordOf(eventOf(searchOf('anna', `q ${from + i}`), AT_MS)),
    }));
  const give = (to: Archiver, from: number, count: number, nextOffset = from + count) =>
    to.onBatch({
      topic: TOPICS.activity,
      partition: 0,
      records: records(from, count),
      nextOffset,
      lag: 0,
      signal: new AbortController().signal,
    });
  /** The archive, on a disk that is full at times. */
  const refusingWrites = (isFull: () => boolean): EventArchive =>
    Object.assign(Object.create(archive) as EventArchive, {
      nextOffset: (...args: Parameters<EventArchive['nextOffset']>) => archive.nextOffset(...args),
      write: async (...args: Parameters<EventArchive['write']>) => {
        if (isFull()) throw new Error('disk full');
        return archive.write(...args);
      },
    });
  const archived = async () => {
    const offsets: number[] = [];
    for await (const run of archive.read(TOPICS.activity, { order: 'offset' }))
      offsets.push(...run.map(({ offset }) => offset));
    return offsets;
  };

  it('writes what has become old, and keeps what is young', async () => {
    const keeping = archiver();
    expect(await keeping.resumeOffset(0)).toBeUndefined();
    await give(keeping, 0, 3);
    expect(await archived()).toEqual([]);
    nowMs += 5_000;
    await give(keeping, 3, 2);
    expect(await archived()).toEqual([0, 1, 2, 3, 4]);
    expect(await keeping.resumeOffset(0)).toBe(5);
  });

  it('asks where the archive ends when it takes a partition over, and after a write that failed', async () => {
    const nextOffset = jest.spyOn(archive, 'nextOffset');
    const keeping = archiver();
    await keeping.resumeOffset(0);
    for (let from = 0; from < 30; from += 10) {
      nowMs += 5_000;
      await give(keeping, from, 10);
    }
    expect(nextOffset).toHaveBeenCalledTimes(1);
    const write = archive.write.bind(archive);
    jest.spyOn(archive, 'write').mockImplementationOnce(async (...run) => {
      await write(...run);
      throw new Error('the answer was lost');
    });
    nowMs += 5_000;
    await expect(give(keeping, 30, 10)).rejects.toThrow('the answer was lost');
    await keeping.onRevoked(0);
    expect(nextOffset).toHaveBeenCalledTimes(2);
    expect(await archived()).toEqual(Array.from({ length: 40 }, (_, i) => i));
    // One of every second batch, the last one's too: it was there already.
    expect((await archive.extent(TOPICS.activity)).fileCount).toBe(2);
  });

  it('holds what it has of a partition that it keeps, however often its group joins anew', async () => {
    const keeping = archiver();
    let next = (await keeping.resumeOffset(0)) ?? 0;
    let given = 0;
    for (let join = 0; join < 4; join++) {
      nowMs += 2_000;
      await give(keeping, next, 2);
      given += 2;
      next = (await keeping.resumeOffset(0)) ?? 0;
    }
    expect([given, next]).toEqual([8, 8]);
    // Of the first 5 s.
    expect(await archived()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('goes on where the archive ends when another member has archived what it holds, or part of it', async () => {
    const [paused, other] = [archiver(), archiver()];
    await paused.resumeOffset(0);
    await other.resumeOffset(0);
    await give(paused, 0, 4);
    await give(other, 0, 6);
    await other.onRevoked(0);
    expect(await paused.resumeOffset(0)).toBe(6);
    await give(paused, 6, 1);
    await paused.onRevoked(0);
    expect(await archived()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('writes at once when there is much', async () => {
    const keeping = archiver();
    await keeping.resumeOffset(0);
    for (let from = 0; from < 50_000; from += 5_000) await give(keeping, from, 5_000);
    expect(await archive.nextOffset(TOPICS.activity, 0)).toBe(50_000);
  });

  it('writes the rest when the partition is given up', async () => {
    const keeping = archiver();
    await keeping.resumeOffset(0);
    await give(keeping, 0, 3);
    await keeping.onRevoked(0);
    expect(await archived()).toEqual([0, 1, 2]);
  });

  it('ends where it has read to, though no records lie last, or none at all', async () => {
    const keeping = archiver();
    await keeping.resumeOffset(0);
    await give(keeping, 0, 0, 2);
    nowMs += 5_000;
    await give(keeping, 2, 0, 3);
    expect(await archive.nextOffset(TOPICS.activity, 0)).toBe(3);
    await give(keeping, 4, 2, 8);
    await keeping.onRevoked(0);
    expect([await archive.firstOffset(TOPICS.activity, 0), await keeping.resumeOffset(0)]).toEqual([0, 8]);
    await give(keeping, 8, 1);
    await keeping.onRevoked(0);
    expect(await archived()).toEqual([4, 5, 8]);
  });

  it('lets no clock that is years ahead drag a partition with it, whoever vouches for it', async () => {
    const yearsAheadMs = AT_MS + 9 * 365 * 86_400_000;
    const event = eventOf(searchOf('anna', 'mad'), yearsAheadMs);
    const mad: LogRecord = {
      topic: TOPICS.activity,
      partition: 0,
      offset: 1,
      timestampMs: yearsAheadMs,
      ...recordOf(event),
    };
    const keeping = archiver();
    await keeping.resumeOffset(0);
    await give(keeping, 0, 1);
    const signal = new AbortController().signal;
    await keeping.onBatch({ topic: TOPICS.activity, partition: 0, records: [mad], nextOffset: 2, lag: 0, signal });
    await give(keeping, 2, 1);
    await keeping.onRevoked(0);
    const today = new Date(AT_MS).toISOString().slice(0, 10);
    const folders = await readdir(join(directory.path, TOPICS.activity));
    expect(folders.filter((name) => name.startsWith('dt='))).toEqual([`dt=${today}`]);
    expect(await archived()).toEqual([0, 1, 2]);
  });

  it('adds nothing twice when another member archived the same records meanwhile', async () => {
    const [slow, quick] = [archiver(), archiver()];
    await slow.resumeOffset(0);
    await quick.resumeOffset(0);
    await give(slow, 0, 4);
    await give(quick, 0, 3);
    await quick.onRevoked(0);
    await slow.onRevoked(0);
    expect(await archived()).toEqual([0, 1, 2, 3]);
    expect((await archive.extent(TOPICS.activity)).recordCount).toBe(4);
  });

  it('tells of a write that fails where no new records come, and how long these have waited', async () => {
    const read: string[] = [];
    const full: EventArchive = Object.assign(Object.create(archive) as EventArchive, {
      nextOffset: async () => undefined,
      write: async () => {
        read.push('write');
        throw new Error('no right to');
      },
    });
    let failureCount = 0;
    const keeping = new Archiver(TOPICS.activity, log, full, quiet, {
      flushAfterSeconds: 0.04,
      clock: () => nowMs,
      onFlushFailure: () => (failureCount += 1),
    });
    await keeping.resumeOffset(0);
    expect(keeping.unwrittenAgesMs()).toEqual([[0, 0]]);
    keeping.start();
    await give(keeping, 0, 3);
    nowMs += 30;
    expect(keeping.unwrittenAgesMs()).toEqual([[0, 30]]);
    expect(failureCount).toBe(0);
    nowMs += 10;
    await eventually(() => failureCount >= 2, 'two failures');
    keeping.stop();
    expect([keeping.unwrittenAgesMs(), read.length]).toEqual([[[0, 40]], failureCount]);
  });

  it('counts how long what fails again and again has waited, and no more once it is there', async () => {
    let failing = true;
    const keeping = archiver(refusingWrites(() => failing));
    const ages = () => keeping.unwrittenAgesMs().map(([, ageMs]) => ageMs);
    await keeping.resumeOffset(0);
    await give(keeping, 0, 3);
    for (let round = 1; round <= 3; round++) {
      nowMs += 5_000;
      await expect(give(keeping, 3, 1)).rejects.toThrow('disk full');
      expect(await keeping.resumeOffset(0)).toBeUndefined();
      expect(ages()).toEqual([round * 5_000]);
      await give(keeping, 0, 3);
    }
    failing = false;
    nowMs += 5_000;
    await give(keeping, 3, 1);
    expect(ages()).toEqual([0]);
    failing = true;
    await give(keeping, 4, 1);
    nowMs += 5_000;
    await expect(give(keeping, 5, 1)).rejects.toThrow('disk full');
    // Another has archived it meanwhile.
    await archive.write(TOPICS.activity, 0, records(4, 2), { firstOffset: 4, nextOffset: 6, notAfterMs: nowMs });
    expect(await keeping.resumeOffset(0)).toBe(6);
    expect(ages()).toEqual([0]);
  });

  it('keeps what could not be written, and writes it once it can', async () => {
    let failing = true;
    const keeping = archiver(refusingWrites(() => failing));
    await keeping.resumeOffset(0);
    await give(keeping, 0, 3);
    nowMs += 5_000;
    await expect(give(keeping, 3, 1)).rejects.toThrow('disk full');
    failing = false;
    // The log delivers again from where the archive ends.
    expect(await keeping.resumeOffset(0)).toBeUndefined();
    await give(keeping, 0, 4);
    await keeping.onRevoked(0);
    expect(await archived()).toEqual([0, 1, 2, 3]);
  });
});
