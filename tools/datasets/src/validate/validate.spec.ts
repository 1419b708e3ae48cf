import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { DAY_MS } from '@watchnext/features';
import { eventOf, temporaryDirectory, videoFactsOf, videoUpsertedOf } from '@watchnext/testing';
import { validateArchive } from './validate-archive';

const NOW = Date.UTC(2026, 10, 20);
type Body = NonNullable<Event['body']>;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (folder = await temporaryDirectory('validate')));
afterEach(() => folder.remove());

async function verdicts(events: readonly Event[], videos: readonly string[] = VIDEOS) {
  const archive = openParquetArchive(join(folder.path, String(Math.random())));
  const records = (topic: string, of: readonly Event[], keyOf: (event: Event) => string) =>
    of.map((event, offset) => ({
      topic,
      partition: 0,
      offset,
      timestampMs: event.receivedAtMs,
      key: keyOf(event),
      value: Event.encode(event).finish(),
    }));
  const catalogue = videos.map((videoId) =>
    eventOf(videoUpsertedOf(videoId, { video: videoFactsOf({ durationSeconds: 100 }) }), NOW - 30 * DAY_MS),
  );
  await archive.write(
    TOPICS.catalog,
    0,
    records(TOPICS.catalog, catalogue, (event) => event.eventId),
  );
  await archive.write(
    TOPICS.activity,
    0,
    records(TOPICS.activity, events, ({ body }) => (body!.value as { userId: string }).userId),
  );
  const findings = await validateArchive(archive, { nowMs: NOW });
  await archive.close();
  return Object.fromEntries(findings.map((finding) => [finding.check, finding]));
}

const VIDEOS = Array.from({ length: 20 }, (_, i) => `v${i}`);

const at = (atMs: number, body: Body, changes: Partial<Event> = {}): Event => ({ ...eventOf(body, atMs), ...changes });
const watch = (userId: string, videoId: string, playbackId: string, impressionId = '', positionSeconds = 50): Body => ({
  $case: 'watch',
  value: {
    userId,
    videoId,
    playbackId,
    impressionId,
    positionSeconds,
    video: videoFactsOf({ durationSeconds: 100 }),
    country: '',
    device: '',
  },
});
const served = (userId: string, requestId: string, videoIds: readonly string[]): Body =>
  ({
    $case: 'impressionsServed',
    value: {
      userId,
      requestId,
      items: videoIds.map((videoId, position) => ({ impressionId: `${requestId}:${position}`, videoId, position })),
    },
  }) as unknown as Body;

/** Ten users for twelve days: a list of two each day, of which one is watched. */
function soundLog(): Event[] {
  const events: Event[] = [];
  for (let day = 0; day < 12; day++)
    for (let user = 0; user < 10; user++) {
      const atMs = NOW - (13 - day) * DAY_MS + user * 60_000;
      const videos = [VIDEOS[(day + user) % 20], VIDEOS[(day + user + 1) % 20]];
      const request = `r${day}-${user}`;
      events.push(at(atMs, Event.fromPartial({ body: served(`u${user}`, request, videos) as never }).body as Body));
      events.push(at(atMs + 5_000, watch(`u${user}`, videos[0], `p${day}-${user}`, `${request}:0`, 20 + day)));
    }
  return events;
}

describe('validating a log', () => {
  it('warns of a user that has much of it, and fails where that is a fifth', async () => {
    const users = Array.from({ length: 200 }, (_, n) => `u${n}`);
    const watches = (userId: string, count: number) =>
      Array.from({ length: count }, (_, n) =>
        at(NOW - DAY_MS + 1_000 * n, watch(userId, VIDEOS[n % 5], `${userId}-${n}`)),
      );
    const found = async (crowd: number, userCount = 200) => {
      const log = [...users.slice(0, userCount).flatMap((userId) => watches(userId, 5)), ...watches('guest', crowd)];
      return (await verdicts(log))['largest user'];
    };
    expect(await found(5)).toMatchObject({ verdict: 'ok' });
    expect(await found(100)).toMatchObject({
      verdict: 'warning',
      found: '9.1% of 1,100 events are of one user, "guest"',
      advice: expect.stringMatching(/everybody without an id/),
    });
    expect(await found(500)).toMatchObject({ verdict: 'failure' });
    // As the import asks: of so few users somebody may have five times the average.
    expect(await found(25)).toMatchObject({ verdict: 'ok', numbers: { share: 25 / 1_025 } });
    // A trial of a few people.
    expect(await found(100, 50)).toMatchObject({ verdict: 'warning', numbers: { share: 100 / 350 } });
  });

  it('finds nothing wrong with a sound one', async () => {
    const found = await verdicts(soundLog());
    expect(Object.values(found).filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(Object.keys(found)).toHaveLength(19);
  });

  it.each<[string, string, 'warning' | 'failure', (events: Event[]) => Event[]]>([
    ['order', 'events out of order', 'failure', (events) => events.toReversed()],
    ['duplicate events', 'everything sent twice', 'warning', (events) => [...events, ...events.slice(0, 100)]],
    [
      'duplicate watches',
      'one watch under two playbacks',
      'failure',
      (events) => [
        ...events,
        ...events
          .filter(({ body }) => body!.$case === 'watch')
          .map((event) =>
            at(event.occurredAtMs, { ...event.body!, value: { ...event.body!.value, playbackId: 'again' } } as Body),
          ),
      ],
    ],
    [
      'watches joined to impressions',
      'watches under another user than their impressions',
      'failure',
      (events) =>
        events.map((event) =>
          event.body!.$case === 'watch'
            ? {
                ...event,
                body: { $case: 'watch', value: { ...event.body!.value, userId: `x${event.body!.value.userId}` } },
              }
            : event,
        ),
    ],
    [
      'impressions watched',
      'no impression left unwatched',
      'failure',
      (events) =>
        events.map((event) =>
          event.body!.$case === 'impressionsServed'
            ? {
                ...event,
                body: {
                  $case: 'impressionsServed',
                  value: { ...event.body!.value, items: event.body!.value.items.slice(0, 1) },
                },
              }
            : event,
        ),
    ],
    [
      'clock skew',
      'a clock in the future',
      'failure',
      (events) => events.map((event) => ({ ...event, occurredAtMs: event.occurredAtMs + 20 * DAY_MS })),
    ],
    [
      'watch times',
      'milliseconds for seconds',
      'failure',
      (events) =>
        events.map((event) =>
          event.body!.$case === 'watch'
            ? { ...event, body: { $case: 'watch', value: { ...event.body!.value, positionSeconds: 30_000 } } }
            : event,
        ),
    ],
    [
      'leak of the label',
      'watches written before their lists',
      'failure',
      (events) => events.map((_, index) => events[index % 2 === 0 ? index + 1 : index - 1]),
    ],
    [
      'drift between days',
      'a day without anything',
      'warning',
      (events) => events.filter((_, index) => index < 100 || index >= 118),
    ],
  ])('%s: %s', async (check, _, verdict, spoil) => {
    const found = (await verdicts(spoil(soundLog())))[check];
    expect(found.verdict).toBe(verdict);
    expect(found.advice).not.toBe('');
  });

  it('finds nothing wrong after a producer sent again what it was not sure of', async () => {
    const events = soundLog();
    const isRetried = (index: number) => index < 40 || index >= 200;
    // Each day's retries come after all of that day.
    const retried = Array.from({ length: 12 }, (_, day) => events.slice(20 * day, 20 * day + 20)).flatMap(
      (ofDay, day) => [...ofDay, ...ofDay.filter((_, index) => isRetried(20 * day + index))],
    );
    const [found, sound] = [await verdicts(retried), await verdicts(events)];
    expect(found['duplicate events']).toMatchObject({ verdict: 'warning', numbers: { share: 80 / 320 } });
    const { 'duplicate events': _found, readable: _records, ...others } = found;
    for (const [check, finding] of Object.entries(others))
      expect({ check, numbers: finding.numbers, verdict: finding.verdict }).toEqual({
        check,
        numbers: sound[check].numbers,
        verdict: 'ok',
      });
  });

  it('calls it no failure when everything came twice, as all of it is dropped', async () => {
    const found = await verdicts(soundLog().flatMap((event) => [event, event, event]));
    expect(found['duplicate events'].verdict).toBe('warning');
    expect(Object.values(found).filter(({ verdict }) => verdict === 'failure')).toEqual([]);
  });

  it('finds a backfill that was sent again when its ids were forgotten, which counts twice', async () => {
    const backfill = soundLog().map((event) => ({ ...event, backfill: true }));
    expect((await verdicts(backfill))['events that count twice'].verdict).toBe('ok');
    const found = await verdicts([...backfill, ...backfill]);
    // All but those of the last two days, whose ids were still remembered.
    expect(found['events that count twice']).toMatchObject({ verdict: 'failure', numbers: { share: 200 / 480 } });
  });

  it('counts a watch that is impossible in two ways once', async () => {
    const events = soundLog().map((event, index) =>
      index === 1 ? at(event.occurredAtMs, watch('u0', 'v0', 'p0-0', 'r0-0:0', 30_000)) : event,
    );
    expect((await verdicts(events))['watch times']).toMatchObject({
      verdict: 'warning',
      numbers: { impossibleShare: 1 / 120 },
    });
  });

  it('counts a playback once, in however many parts it is reported', async () => {
    const inParts = soundLog().flatMap((event, index) => {
      // Of the seventh day only, which must not look unlike the others.
      if (event.body!.$case !== 'watch' || Math.floor(index / 20) !== 6) return [event];
      const { value } = event.body!;
      const reported = Array.from({ length: 8 }, (_, part) => (value.positionSeconds * part) / 7);
      // The last part need not be the one with the largest position.
      return [...reported, 0].map((positionSeconds, part) =>
        at(event.occurredAtMs + part, { $case: 'watch', value: { ...value, positionSeconds } }),
      );
    });
    expect(inParts).toHaveLength(240 + 8 * 10);
    const [found, sound] = [await verdicts(inParts), await verdicts(soundLog())];
    const ofPlaybacks = ['watch times', 'watch times differ', 'durations known', 'users', 'videos', 'catalogue'];
    for (const check of [...ofPlaybacks, 'drift between days']) expect(found[check]).toEqual(sound[check]);
  });

  it('tells of the leak where a watch stands in the history just before its own impression', async () => {
    const events = soundLog().flatMap((event) =>
      event.body!.$case === 'impressionsServed'
        ? [
            at(
              event.occurredAtMs - 1_000,
              watch(event.body!.value.userId, event.body!.value.items[0].videoId, `e${event.eventId}`),
            ),
            event,
          ]
        : [event],
    );
    expect((await verdicts(events))['leak of the label']).toMatchObject({
      verdict: 'failure',
      numbers: { foldedBefore: 0, echoed: 120 },
    });
  });

  it('misses the catalogue, users with a history, and impressions', async () => {
    const events = Array.from({ length: 40 }, (_, i) => at(NOW - DAY_MS + i * 1_000, watch(`u${i}`, `x${i}`, `p${i}`)));
    const found = await verdicts(events);
    expect(found.catalogue.verdict).toBe('failure');
    expect(found.users.verdict).toBe('failure');
    expect(found['watches joined to impressions'].verdict).toBe('warning');
    expect(found['watch times differ'].verdict).toBe('warning');
  });
});
