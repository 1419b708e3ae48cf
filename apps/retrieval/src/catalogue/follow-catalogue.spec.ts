import { Event, TOPICS } from '@watchnext/contract';
import type { EventLog, LogRecord, TailHandler } from '@watchnext/event-log';
import { createLogger } from '@watchnext/service';
import { eventOf, videoFactsOf, videoUpsertedOf } from '@watchnext/testing';
import { followCatalogue } from './follow-catalogue';
import { LiveCatalogue } from './live-catalogue';

const NOW_MS = Date.UTC(2026, 10, 26);

describe('what retrieval follows', () => {
  it('passes over records that break the contract, and reads on', async () => {
    const upserted = (videoId: string, durationSeconds: number) =>
      Event.encode(
        eventOf(videoUpsertedOf(videoId, { video: videoFactsOf({ durationSeconds }) }), NOW_MS, { receivedAtMs: 0 }),
      ).finish();
    const values = [Uint8Array.of(0xff), upserted('bad', -1), upserted('good', 60)];
    const records = values.map((value, offset): LogRecord => {
      return { topic: TOPICS.catalog, partition: 0, offset, timestampMs: NOW_MS, key: 'k', value };
    });
    const log = {
      ensureTopics: async () => undefined,
      tail: async (_topic: string, { onRecords }: TailHandler) => {
        await onRecords(records);
        return { assignedPartitions: () => [0], heartbeatAgeMs: () => 0, stop: async () => undefined };
      },
    } as Partial<EventLog> as EventLog;
    const catalogue = new LiveCatalogue(() => undefined);
    const following = followCatalogue(log, catalogue, createLogger('spec', { level: 'silent', format: 'json' }));
    await following.established;
    expect(catalogue.size).toBe(1);
    await following.stop();
  });
});
