import { DAY_MS } from '@watchnext/features';
import { archivePath, dayOf, dayOfRecord, isTopicName } from './archive-files';

const NOON_MS = Date.UTC(2026, 10, 23, 12);

describe('archive files', () => {
  it('are named by partition and offset range, so that names sort like ranges', () => {
    const place = { day: '2026-11-23', partition: 3, firstOffset: 99, lastOffset: 100 };
    const path = archivePath('archive', 'watchnext.activity.v1', place, '9f03ab12');
    expect(path).toBe(
      'archive/watchnext.activity.v1/dt=2026-11-23/p00003-0000000000000099-0000000000000100-9f03ab12.parquet',
    );
  });

  it('take days from the calendar even for times that are not in it', () => {
    expect([NaN, -1, Infinity, Number.MAX_SAFE_INTEGER].map(dayOf)).toEqual([
      '1970-01-01',
      '1970-01-01',
      '1970-01-01',
      '9999-12-31',
    ]);
  });

  it.each([
    ['received a moment before the log took it', NOON_MS - 5, NOON_MS, '2026-11-23'],
    ['received on another day than the log took it', NOON_MS - 20 * DAY_MS, NOON_MS, '2026-11-03'],
    ['received within a day after the log took it', NOON_MS + DAY_MS, NOON_MS, '2026-11-24'],
    ['received more than a day after the log took it', NOON_MS + DAY_MS + 1, NOON_MS, '2026-11-23'],
    ['not said when received', undefined, NOON_MS, '2026-11-23'],
    ['received at zero', 0, NOON_MS, '2026-11-23'],
  ])('put a record %s into its day', (_name, receivedAtMs, timestampMs, day) => {
    expect(dayOfRecord(receivedAtMs, timestampMs)).toBe(day);
  });

  it('lie below names that cannot lead out of the archive', () => {
    expect(isTopicName('watchnext.activity.v1')).toBe(true);
    for (const topic of ['', '.', '..', '../x', 'a/b', '.hidden']) expect(isTopicName(topic)).toBe(false);
  });
});
