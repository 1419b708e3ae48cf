import { Event, EventBatch } from '@watchnext/contract';
import { backOffMs } from './back-off';
import { createEvent, newEventId, watchEvent } from './create-event';
import { encodeBatch, framedLength, retryAfterSeconds } from './transport';

describe('a batch on the wire', () => {
  it.each([0, 1, 100, 127, 128, 20_000, 2_100_000])(
    'is the protobuf of its events, with a query of %i characters',
    (length) => {
      const events = ['a', 'x'.repeat(length)].map((query) =>
        createEvent({ $case: 'search', value: { userId: 'anna', query } }),
      );
      const encoded = events.map((event) => Event.encode(event).finish());
      const bytes = encodeBatch(encoded);
      expect(Buffer.compare(bytes, EventBatch.encode({ events }).finish())).toBe(0);
      expect(bytes.length).toBe(encoded.reduce((sum, event) => sum + framedLength(event), 0));
    },
  );
});

describe('the wait before a retry', () => {
  const options = { baseMs: 100, capMs: 30_000 };

  it('doubles up to a cap, spread over its upper half', () => {
    const bounds = [1, 2, 3, 9, 10, 1_000].map((n) =>
      [0, 1].map((chance) => backOffMs(n, undefined, options, () => chance)),
    );
    expect(bounds).toEqual([
      [50, 100],
      [100, 200],
      [200, 400],
      [12_800, 25_600],
      [15_000, 30_000],
      [15_000, 30_000],
    ]);
  });

  it('is never less than the server asks for, up to five minutes', () => {
    expect(backOffMs(1, 7, options)).toBe(7_000);
    expect(backOffMs(1, 86_400, options)).toBe(300_000);
  });

  it('understands both forms of Retry-After, and no nonsense', () => {
    const nowMs = Date.UTC(2026, 10, 23, 12);
    expect(retryAfterSeconds('120', nowMs)).toBe(120);
    expect(retryAfterSeconds('Mon, 23 Nov 2026 12:00:30 GMT', nowMs)).toBe(30);
    expect(retryAfterSeconds('Mon, 23 Nov 2026 11:00:00 GMT', nowMs)).toBe(0);
    for (const header of [undefined, '', 'soon', '-5']) expect(retryAfterSeconds(header, nowMs) ?? 0).toBe(0);
  });
});

describe('an event as producers make it', () => {
  it('has a UUIDv7 of the time it occurred', () => {
    const atMs = Date.UTC(2022, 3, 25);
    const { eventId, occurredAtMs, backfill, receivedAtMs } = watchEvent(
      { userId: 'anna' },
      { occurredAtMs: atMs, backfill: true },
    );
    expect({ occurredAtMs, backfill, receivedAtMs }).toEqual({ occurredAtMs: atMs, backfill: true, receivedAtMs: 0 });
    expect(eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(eventId.replaceAll('-', '').slice(0, 12), 16)).toBe(atMs);
  });

  it('never has an id twice, even of one millisecond', () => {
    const ids = Array.from({ length: 10_000 }, () => newEventId(1_700_000_000_000));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has a default for everything that was left out', () => {
    expect(watchEvent({ userId: 'anna', video: { topics: ['sea'] } }).body).toEqual({
      $case: 'watch',
      value: {
        userId: 'anna',
        videoId: '',
        playbackId: '',
        impressionId: '',
        positionSeconds: 0,
        video: { channelId: '', topics: ['sea'], durationSeconds: 0, uploadedAtMs: 0 },
        country: '',
        device: '',
      },
    });
  });
});
