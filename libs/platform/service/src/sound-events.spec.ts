import { Event, TOPICS } from '@watchnext/contract';
import type { LogRecord } from '@watchnext/event-log';
import type { Logger } from './logger';
import { SoundEvents } from './sound-events';

const AT_MS = 1_790_000_000_000;

const recordOf = (offset: number, occurredAtMs: number): LogRecord => {
  const time = AT_MS.toString(16).padStart(12, '0');
  const event = Event.fromPartial({
    eventId: `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${offset.toString(16).padStart(12, '0')}`,
    occurredAtMs,
    body: { $case: 'search', value: { userId: 'u', query: 'tea' } },
  });
  const value = Event.encode(event).finish();
  return { topic: TOPICS.activity, partition: 2, offset, timestampMs: AT_MS, key: 'u', value };
};

describe('events for followers of the log', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const make = () => {
    const lines: object[] = [];
    const logger = { warn: (fields: object, message: string) => lines.push({ ...fields, message }) };
    return { sound: new SoundEvents(logger as unknown as Logger), lines };
  };

  it('are those that keep the contract; of each other record the log says where it lies, and why', () => {
    const { sound, lines } = make();
    expect(sound.of(recordOf(7, AT_MS))?.body?.$case).toBe('search');
    expect(lines).toEqual([]);
    expect(sound.of(recordOf(8, AT_MS * 1_000))).toBeUndefined();
    expect(sound.of({ ...recordOf(9, AT_MS), value: Uint8Array.of(0xff) })).toBeUndefined();
    const place = { topic: TOPICS.activity, partition: 2, message: 'skipped a record that breaks the contract' };
    expect(lines).toEqual([
      { ...place, offset: 8, code: 'invalid-field', error: expect.stringContaining('occurredAtMs'), skippedCount: 1 },
      { ...place, offset: 9, code: 'undecodable', error: expect.any(String), skippedCount: 2 },
    ]);
  });

  it('fill no log with what was skipped: beyond ten lines a second it is counted', () => {
    const { sound, lines } = make();
    for (let offset = 0; offset < 500; offset++) sound.of(recordOf(offset, AT_MS * 1_000));
    expect(lines).toHaveLength(10);
    jest.advanceTimersByTime(1_000);
    expect(lines.slice(10)).toEqual([
      { leftOut: 490, skippedCount: 500, message: 'skipped more records that break the contract' },
    ]);
  });
});
