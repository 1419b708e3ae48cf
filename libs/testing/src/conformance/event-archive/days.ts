/** The days that files lie in. */
import type { LogRecord } from '@watchnext/event-log';
import { DAY_MS } from '@watchnext/features';
import { type ArchiveSuite, archiveRecords, NOON_MS, range, TOPIC } from './support';

export function describeDays(suite: ArchiveSuite): void {
  describe('puts records into days', () => {
    suite.spec('of their receipt, and cuts a run where the day changes', async () => {
      const records = [...archiveRecords(0, 10), ...archiveRecords(10, 10, { atMs: NOON_MS + DAY_MS })];
      await suite.archive.write(TOPIC, 0, records);
      expect(await suite.daysOf()).toEqual(['2026-11-23', '2026-11-24']);
      expect(await suite.readOffsets()).toEqual(range(0, 20));
      expect(await suite.readOffsets({ order: 'offset', fromDay: '2026-11-24' })).toEqual(range(10, 20));
      expect(await suite.readOffsets({ order: 'key', fromDay: '2026-11-25' })).toEqual([]);
    });

    suite.spec('that never go back along a partition: a late record lies with its neighbours', async () => {
      await suite.archive.write(TOPIC, 0, archiveRecords(0, 10));
      await suite.archive.write(TOPIC, 0, archiveRecords(10, 10, { atMs: NOON_MS - 3 * DAY_MS }));
      await suite.archive.write(TOPIC, 1, archiveRecords(0, 10, { partition: 1, atMs: NOON_MS - 3 * DAY_MS }));
      expect(await suite.readOffsets({ order: 'offset', fromDay: '2026-11-23' })).toEqual(range(0, 20));
    });

    suite.spec('that no wrong clock drags into the future', async () => {
      await suite.archive.write(TOPIC, 0, archiveRecords(0, 10, { receivedAtMs: NOON_MS + 400 * DAY_MS }));
      await suite.archive.write(TOPIC, 0, archiveRecords(10, 10));
      expect(new Set(await suite.daysOf())).toEqual(new Set(['2026-11-23']));
    });

    suite.spec('no later than who archives says it may be, but where the partition is already', async () => {
      const ahead = { atMs: NOON_MS + 400 * DAY_MS };
      await suite.archive.write(TOPIC, 0, archiveRecords(0, 10, ahead), { notAfterMs: NOON_MS });
      await suite.archive.write(TOPIC, 0, archiveRecords(10, 10, { atMs: NOON_MS + DAY_MS }));
      await suite.archive.write(TOPIC, 0, archiveRecords(20, 10, ahead), { notAfterMs: NOON_MS });
      expect(new Set(await suite.daysOf())).toEqual(new Set(['2026-11-23', '2026-11-24']));
      expect(await suite.readOffsets({ order: 'offset', fromDay: '2026-11-24' })).toEqual(range(10, 30));
    });

    suite.spec('by the log where an event does not say when it was received', async () => {
      await suite.archive.write(TOPIC, 0, archiveRecords(0, 10, { receivedAtMs: 0 }));
      expect(await suite.daysOf()).toEqual(['2026-11-23']);
    });

    suite.spec('where a backfill belongs', async () => {
      const [record] = archiveRecords(0, 1, { receivedAtMs: NOON_MS - 100 * DAY_MS }) as [LogRecord];
      await suite.archive.write(TOPIC, 0, [record]);
      expect(await suite.daysOf()).toEqual(['2026-08-15']);
    });
  });
}
