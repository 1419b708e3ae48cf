import { Event, TOPICS } from '@watchnext/contract';
import { judgeRecord } from '@watchnext/features';
import { eventOf, recordOf, watchOf } from '@watchnext/testing';
import { restoredRecord } from './restored-record';

const AT_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;
const placement = { topic: TOPICS.activity, newTopic: TOPICS.activity, newPartitionCount: 12, newOffsetOf: () => -1 };

describe('a restored record', () => {
  it.each([
    ['received with its record', AT_MS, AT_MS, true],
    ['received ten minutes after its record was written', AT_MS, AT_MS + 10 * MINUTE_MS, true],
    ['received a day before its record was written', AT_MS - 1_440 * MINUTE_MS, AT_MS - 1_440 * MINUTE_MS, true],
    ['received by the log', AT_MS, 0, true],
    ['received by the log ten minutes before it occurred', AT_MS + 10 * MINUTE_MS, 0, false],
    ['received ten minutes before it occurred', AT_MS + 10 * MINUTE_MS, AT_MS, false],
  ])('%s is judged as it was, whenever it is written', (_, occurredAtMs, receivedAtMs, isSound) => {
    const event = eventOf(watchOf('anna', 'v'), occurredAtMs, { receivedAtMs, backfill: true });
    const record = {
      topic: TOPICS.activity,
      partition: 0,
      offset: 7,
      timestampMs: AT_MS,
      ...recordOf(event),
      headers: {},
    };
    expect(judgeRecord(record).refusal === undefined).toBe(isSound);
    const source = { record, event: Event.decode(record.value), userId: 'anna', isSound, isMisplaced: false };
    const { value } = restoredRecord(source, 'anna', placement);
    for (const timestampMs of [AT_MS + MINUTE_MS, 2 * AT_MS])
      expect(judgeRecord({ topic: TOPICS.activity, value, timestampMs }).refusal === undefined).toBe(isSound);
  });
});
