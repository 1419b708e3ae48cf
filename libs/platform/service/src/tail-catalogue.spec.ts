import { Event, TOPICS } from '@watchnext/contract';
import type { EventLog, LogRecord, TailHandler } from '@watchnext/event-log';
import { createLogger } from './logger';
import { tailCatalogue } from './tail-catalogue';

const AT_MS = 1_790_000_000_000;
const COUNT = 20;

const quiet = createLogger('spec', { level: 'silent', format: 'json' });

function withdrawn(offset: number): LogRecord {
  const time = AT_MS.toString(16).padStart(12, '0');
  const event = Event.fromPartial({
    eventId: `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${offset.toString(16).padStart(12, '0')}`,
    occurredAtMs: AT_MS,
    receivedAtMs: AT_MS,
    body: { $case: 'videoWithdrawn', value: { videoId: `v${offset}`, reason: '' } },
  });
  const value = Event.encode(event).finish();
  return { topic: TOPICS.catalog, partition: 0, offset, timestampMs: AT_MS, key: `v${offset}`, value };
}

/** A log whose catalogue topic holds the records, in one batch. */
const logOf = (records: LogRecord[]): Pick<EventLog, 'tail'> => ({
  tail: async (_topic: string, { onRecords }: TailHandler) => {
    await onRecords(records);
    return { assignedPartitions: () => [0], heartbeatAgeMs: () => 0, stop: async () => undefined };
  },
});

describe('a catalogue that is followed', () => {
  it('is told of in order, without records that break the contract', async () => {
    const told: string[] = [];
    const records = [withdrawn(0), { ...withdrawn(1), value: Uint8Array.of(0xff) }, withdrawn(2)];
    await tailCatalogue(
      logOf(records),
      ({ body }) => body?.$case === 'videoWithdrawn' && told.push(body.value.videoId),
      quiet,
    );
    expect(told).toEqual(['v0', 'v2']);
  });

  it('lets the event loop turn while it takes in what the topic holds', async () => {
    let turns = 0;
    const count = () => {
      turns++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const work = () => {
      for (const endsAtMs = performance.now() + 2; performance.now() < endsAtMs;);
    };
    await tailCatalogue(logOf(Array.from({ length: COUNT }, (_, offset) => withdrawn(offset))), work, quiet);
    clearImmediate(immediate);
    expect(turns).toBeGreaterThanOrEqual(COUNT - 1);
  });
});
