import { Event, TOPICS } from '@watchnext/contract';
import { type EventLog, type LogRecord, MAX_TIMESTAMP_AHEAD_MS, type NewRecord } from '@watchnext/event-log';
import { judgeRecord } from '@watchnext/features';
import { eventOf, recordOf, watchOf } from '@watchnext/testing';
import { Aside } from './put-aside';
import { sortRecords } from './sort-records';

const NOW_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;

/** What lies in the log after a record of that time, which is in a partition that is not its user's, was sent on. */
async function sentOn(timestampMs: number, receivedAtMs: number): Promise<NewRecord> {
  const event = eventOf(watchOf('anna', 'v'), timestampMs, { receivedAtMs });
  const record: LogRecord = {
    ...{ topic: TOPICS.activity, partition: 0, offset: 0, timestampMs },
    ...{ ...recordOf(event), key: 'of another', headers: {} },
  };
  const appended: NewRecord[] = [];
  const log = { append: async (_: string, records: readonly NewRecord[]) => void appended.push(...records) };
  const aside = new Aside(sortRecords([record], 12), NOW_MS);
  await aside.append(log as unknown as EventLog);
  expect(aside.dead).toEqual([]);
  expect(appended).toHaveLength(1);
  return appended[0] as NewRecord;
}

describe('a record that is sent on to its partition', () => {
  it.each([
    ['of a clock that is 20 minutes ahead', NOW_MS + 20 * MINUTE_MS],
    ['of now', NOW_MS],
    ['of years ago', NOW_MS / 2],
  ])('keeps its time, %s', async (_, timestampMs) => {
    for (const receivedAtMs of [0, timestampMs]) {
      const { value, timestampMs: newMs = NaN } = await sentOn(timestampMs, receivedAtMs);
      expect(newMs).toBe(timestampMs);
      expect(Event.decode(value).receivedAtMs).toBe(receivedAtMs);
      expect(judgeRecord({ topic: TOPICS.activity, value, timestampMs: newMs }).refusal).toBeUndefined();
    }
  });

  it('has a time that the log takes, where a topic once took any, and is judged as before', async () => {
    const yearsAheadMs = 2 * NOW_MS;
    for (const receivedAtMs of [0, yearsAheadMs]) {
      const { value, timestampMs = NaN } = await sentOn(yearsAheadMs, receivedAtMs);
      expect(timestampMs).toBeLessThan(NOW_MS + MAX_TIMESTAMP_AHEAD_MS);
      expect(judgeRecord({ topic: TOPICS.activity, value, timestampMs }).refusal).toBeUndefined();
    }
  });
});
