import { TOPICS } from '@watchnext/contract';
import { openParquetArchive, type EventArchive } from '@watchnext/event-archive';
import { OffsetsDeletedError } from '@watchnext/event-log';
import { createLogger } from '@watchnext/service';
import { archiveRecords, readAll, temporaryDirectory } from '@watchnext/testing';
import { Archiver } from './archiver';
import { acceptRetentionGap, findRetentionGaps } from './retention-gaps';

const topic = TOPICS.activity;

describe('what retention deleted before it was archived', () => {
  let directory: { path: string; remove(): Promise<void> };
  let archive: EventArchive;
  /** Partition 0 was archived to 10, partition 1 not at all. */
  const log = {
    bounds: async () => [
      { partition: 0, firstOffset: 25, endOffset: 40 },
      { partition: 1, firstOffset: 25, endOffset: 40 },
    ],
  };
  beforeEach(async () => {
    directory = await temporaryDirectory('retention-gaps');
    archive = openParquetArchive(directory.path);
    await archive.write(topic, 0, archiveRecords(0, 10));
  });
  afterEach(async () => {
    await archive.close();
    await directory.remove();
  });

  it('is a gap where the archive has something before it', async () => {
    expect(await findRetentionGaps(log, archive, topic, 0)).toEqual([
      { topic, partition: 0, firstOffset: 10, lastOffset: 24 },
    ]);
  });

  it('is none while an archiver still has it in memory', async () => {
    const onWait = jest.fn();
    const found = findRetentionGaps(log, archive, topic, 2_000, onWait);
    await archive.write(topic, 0, archiveRecords(10, 5));
    expect(await found).toEqual([]);
    expect(onWait).toHaveBeenCalledTimes(1);
  });

  it('is passed once it is accepted: the archiver goes on where the log begins, and readers find the rest', async () => {
    const [gap] = await findRetentionGaps(log, archive, topic, 0);
    await acceptRetentionGap(archive, gap!);
    const archiver = new Archiver(topic, log, archive, createLogger('spec', { level: 'silent', format: 'json' }), {
      flushAfterSeconds: 60,
    });
    expect(await archiver.resumeOffset(0)).toBe(25);
    const batch = { topic, partition: 0, lag: 0, signal: new AbortController().signal };
    await archiver.onBatch({ ...batch, records: archiveRecords(25, 3), nextOffset: 28 });
    await archiver.onRevoked(0);
    const offsets = (await readAll(archive, topic, { order: 'offset' })).map(({ offset }) => offset);
    expect(offsets).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 25, 26, 27]);
    expect(await findRetentionGaps(log, archive, topic, 0)).toEqual([]);
  });

  it('is told in the log of the archiver with what helps', () => {
    const lines: string[] = [];
    const logger = createLogger('spec', { level: 'error', format: 'json' });
    jest.spyOn(logger, 'error').mockImplementation((...[, message]) => void lines.push(String(message)));
    const archiver = new Archiver(topic, log, archive, logger, { flushAfterSeconds: 60 });
    archiver.onError(new OffsetsDeletedError(topic, 0, 10, 25), 0);
    expect(lines).toEqual([expect.stringContaining('npm run archive-gaps -- --accept')]);
  });
});
