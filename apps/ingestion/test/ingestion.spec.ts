import { Event, EventBatch, TOPICS, type VideoFacts } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { newState } from '@watchnext/features';
import type { RunningHttpService } from '@watchnext/service';
import {
  eventIdOf,
  eventOf,
  eventually,
  impressionItemOf,
  impressionsServedOf,
  searchOf,
  temporaryDirectory,
  userDeletedOf,
  videoFactsOf,
  videoUpsertedOf,
  watchOf,
} from '@watchnext/testing';
import { join } from 'node:path';
import { ingestionSettings } from '../src/config';
import { startIngestion } from '../src/start';
import {
  allRecords,
  openStores,
  PARTITIONS,
  quiet,
  sorted,
  foldedOnce,
  stateOf,
  storedStates,
  type Stores,
} from './harness';

interface Answer {
  status: number;
  body: {
    accepted: number;
    results: { index: number; eventId: string; status: string; field?: string; code?: string; reason?: string }[];
    error: { code: string; message: string; field?: string };
  };
}

const JSON_TYPE = 'application/json';

describe('ingestion', () => {
  let directory: { path: string; remove(): Promise<void> };
  let running: RunningHttpService;
  let stores: Stores;
  const now = Date.now();

  const start = () =>
    startIngestion(
      ingestionSettings.parse({
        WATCHNEXT_DATA_DIR: directory.path,
        WATCHNEXT_HTTP_PORT: '0',
        WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITIONS),
        WATCHNEXT_ARCHIVE_FLUSH_SECONDS: '0.2',
      }),
      quiet,
    );

  beforeAll(async () => {
    directory = await temporaryDirectory('ingestion-app');
    running = await start();
    stores = await openStores(directory.path);
  });
  afterAll(async () => {
    await stores.dispose();
    await running.app.close();
    await directory.remove();
  });

  const url = (path: string) => `http://127.0.0.1:${running.port}${path}`;
  const post = async (body: string | Uint8Array<ArrayBuffer>, contentType = JSON_TYPE): Promise<Answer> => {
    const response = await fetch(url('/v1/events'), { method: 'POST', body, headers: { 'content-type': contentType } });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  const send = (...events: unknown[]) => post(JSON.stringify({ events }));
  const sendEvents = (...events: Event[]) => send(...events.map((event) => Event.toJSON(event)));
  const allIn = () =>
    eventually(async () => {
      const lag = (await (await fetch(url('/v1/lag'))).json()) as { materialised: number; archived: number };
      expect(lag).toMatchObject({ materialised: 0, archived: 0 });
    });
  const storedEvents = async (topic: string): Promise<Event[]> =>
    (await allRecords(stores.log, topic)).map(({ value }) => Event.decode(value));
  const activityOf = async (userId: string) =>
    (await storedEvents(TOPICS.activity)).filter(
      ({ body }) => body && 'userId' in body.value && body.value.userId === userId,
    );

  describe('takes events in', () => {
    it('answers under the id of the request, its caller’s or one of its own', async () => {
      const send = (headers: Record<string, string>) =>
        fetch(url('/v1/events'), { method: 'POST', body: '{', headers: { 'content-type': JSON_TYPE, ...headers } });
      const named = await send({ 'x-request-id': 'batch_1' });
      expect([named.status, named.headers.get('x-request-id')]).toEqual([400, 'batch_1']);
      expect(await named.json()).toMatchObject({ error: { code: 'malformed', requestId: 'batch_1' } });
      const nameless = await send({ 'x-request-id': 'not an id' });
      expect(nameless.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('from JSON to the user’s state', async () => {
      const watch = eventOf(watchOf('json-user', 'v1'), now, { receivedAtMs: 0 });
      const search = eventOf(searchOf('json-user', 'quiet rivers'), now + 1, { receivedAtMs: 0 });
      const { status, body } = await sendEvents(watch, search);
      expect([status, body.accepted]).toEqual([200, 2]);
      expect(body.results).toEqual([
        { index: 0, eventId: watch.eventId, status: 'accepted' },
        { index: 1, eventId: search.eventId, status: 'accepted' },
      ]);
      await eventually(async () => {
        const state = await stateOf(stores.store, 'json-user');
        expect(state?.watches.map(({ videoId }) => videoId)).toEqual(['v1']);
        expect(state?.searches).toHaveLength(1);
      });
    });

    it('from protobuf, with the same answer', async () => {
      const events = [eventOf(watchOf('proto-user', 'v1'), now), eventOf(watchOf('', 'v1'), now)];
      const { status, body } = await post(
        new Uint8Array(EventBatch.encode({ events }).finish()),
        'application/x-protobuf',
      );
      expect([status, body.accepted]).toEqual([200, 1]);
      expect(body.results[1]).toMatchObject({
        index: 1,
        status: 'rejected',
        field: 'watch.userId',
        code: 'missing-field',
      });
    });

    it('stamps them with the time of receipt, and a backfill with the time it happened', async () => {
      const live = eventOf(searchOf('stamped', 'live'), now - 1_000, { receivedAtMs: 42 });
      const old = eventOf(searchOf('stamped', 'old'), now - 90 * 86_400_000, { backfill: true, receivedAtMs: 0 });
      expect((await sendEvents(live, old)).body.accepted).toBe(2);
      const [first, second] = await activityOf('stamped');
      expect(first?.receivedAtMs).toBeGreaterThanOrEqual(now);
      expect(second?.receivedAtMs).toBe(old.occurredAtMs);
    });

    it('and routes videos to the catalog, users to their activity', async () => {
      await sendEvents(eventOf(videoUpsertedOf('routed'), now), eventOf(searchOf('routed', 'x'), now));
      expect((await allRecords(stores.log, TOPICS.catalog)).map(({ key }) => key)).toContain('routed');
      expect(await activityOf('routed')).toHaveLength(1);
    });

    it('and fills in what a video was, unless the producer said so itself', async () => {
      const facts = videoFactsOf({ channelId: 'known-channel', topics: ['known-topic'], durationSeconds: 77 });
      await sendEvents(eventOf(videoUpsertedOf('filled', { video: facts }), now));
      const own: VideoFacts = { channelId: 'own', topics: [], durationSeconds: 0, uploadedAtMs: 0 };
      await sendEvents(
        eventOf(watchOf('filler', 'filled', { video: undefined }), now),
        eventOf(watchOf('filler', 'filled', { playbackId: 'second', video: own }), now),
        eventOf(
          impressionsServedOf('filler', [
            impressionItemOf('filled', { video: undefined }),
            impressionItemOf('never-heard-of', { video: undefined }),
          ]),
          now,
        ),
        eventOf(videoUpsertedOf('in-batch', { video: facts }), now),
        eventOf(watchOf('filler', 'in-batch', { video: undefined }), now),
      );
      const bodies = (await activityOf('filler')).map(({ body }) => body);
      expect(bodies[0]).toMatchObject({ value: { video: facts } });
      expect(bodies[1]).toMatchObject({ value: { video: { ...facts, channelId: 'own' } } });
      expect(bodies[2]).toMatchObject({ value: { items: [{ video: facts }, { video: undefined }] } });
      expect(bodies[3]).toMatchObject({ value: { video: facts } });
    });

    it('and gives a user the history of the anonymous viewer it was, up to the same batch', async () => {
      await sendEvents(eventOf(watchOf('visitor-1', 'before'), now));
      const login = eventOf(
        { $case: 'userMerged', value: { userId: 'member-1', anonymousUserId: 'visitor-1', history: undefined } },
        now + 2,
        // A live one takes what is folded in a second; such a one takes all of it, or its batch is refused.
        { backfill: true },
      );
      const justBefore = eventOf(watchOf('visitor-1', 'just-before'), now + 1);
      await eventually(async () => expect(await sendEvents(justBefore, login)).toMatchObject({ status: 200 }));
      await eventually(async () => {
        const state = await stateOf(stores.store, 'member-1');
        expect(state?.watches.map(({ videoId }) => videoId)).toEqual(['before', 'just-before']);
      });
      const [merge] = await activityOf('member-1');
      expect(merge?.body).toMatchObject({ value: { history: { userId: 'visitor-1', seenEvents: [] } } });
    });
  });

  describe('answers bad input item by item', () => {
    const good = () => eventOf(searchOf('good', 'x'), now);
    const withId = (id: string) => Event.toJSON({ ...good(), eventId: id });
    const future = now + 3_600_000;

    it.each<[string, unknown, string, string]>([
      [
        'an unknown kind of event',
        { ...(withId(eventIdOf(now, 900_001)) as object), search: null, liked: {} },
        'liked',
        'unknown-kind',
      ],
      [
        'a wrong type',
        { ...(Event.toJSON(good()) as object), search: { userId: 7, query: 'x' } },
        'search.userId',
        'invalid-type',
      ],
      [
        'a future time',
        Event.toJSON(eventOf(searchOf('u', 'x'), future, { eventId: eventIdOf(now, 900_002) })),
        'occurredAtMs',
        'invalid-field',
      ],
      [
        'a backfill from the future',
        Event.toJSON(eventOf(searchOf('u', 'x'), future, { backfill: true })),
        'occurredAtMs',
        'invalid-field',
      ],
      ['an event of last week', Event.toJSON(eventOf(searchOf('u', 'x'), now - 7 * 86_400_000)), 'eventId', 'too-old'],
      [
        'a user id of 10,000 characters',
        Event.toJSON(eventOf(searchOf('u'.repeat(10_000), 'x'), now)),
        'search.userId',
        'invalid-field',
      ],
      ['an event id of 10,000 characters', withId('0'.repeat(10_000)), 'eventId', 'invalid-field'],
      ['no id', withId(''), 'eventId', 'missing-field'],
      ['no body', { eventId: eventIdOf(now, 900_003), occurredAtMs: now }, 'body', 'missing-field'],
      ['no user', Event.toJSON(eventOf(searchOf('', 'x'), now)), 'search.userId', 'missing-field'],
      ['something else than an event', 'hello', '', 'invalid-type'],
    ])('%s', async (_name, raw, field, code) => {
      const before = good();
      const { status, body } = await send(Event.toJSON(before), raw);
      expect(status).toBe(200);
      expect(body.accepted).toBe(1);
      expect(body.results[0]).toEqual({ index: 0, eventId: before.eventId, status: 'accepted' });
      expect(body.results[1]).toMatchObject({ index: 1, status: 'rejected', field, code });
      expect(body.results[1]?.reason?.length).toBeGreaterThan(0);
      expect(JSON.stringify(body).length).toBeLessThan(1_000);
    });

    it('recognises a duplicate within the batch, but not of something rejected', async () => {
      const event = good();
      const invalid = Event.toJSON({ ...event, body: searchOf('', 'x') });
      const { body } = await send(invalid, Event.toJSON(event), Event.toJSON(event));
      expect(body.results.map(({ status }) => status)).toEqual(['rejected', 'accepted', 'duplicate']);
      expect(body.accepted).toBe(1);
    });

    it('does not take a history from outside', async () => {
      const forged = eventOf(
        {
          $case: 'userMerged',
          value: { userId: 'u', anonymousUserId: 'a', history: { ...newState('a'), watchCount: 9 } },
        },
        now,
      );
      const { body } = await post(
        new Uint8Array(EventBatch.encode({ events: [forged] }).finish()),
        'application/x-protobuf',
      );
      expect(body.results[0]).toMatchObject({ status: 'rejected', field: 'userMerged.history' });
    });
  });

  describe('refuses a body as a whole', () => {
    const batchOf = (count: number) => JSON.stringify({ events: Array.from({ length: count }, () => ({})) });

    it.each<[string, string | Uint8Array<ArrayBuffer>, string, number, string]>([
      ['malformed JSON', '{"events": [', JSON_TYPE, 400, 'malformed'],
      ['JSON that is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), JSON_TYPE, 400, 'malformed'],
      ['JSON without events', '{}', JSON_TYPE, 400, 'malformed'],
      ['events that are no list', '{"events": {}}', JSON_TYPE, 400, 'malformed'],
      ['a list instead of an object', '[]', JSON_TYPE, 400, 'malformed'],
      ['malformed protobuf', Uint8Array.of(0x0a, 0xff, 0xff), 'application/x-protobuf', 400, 'malformed'],
      ['1,001 events', batchOf(1_001), JSON_TYPE, 413, 'too-large'],
      ['more than 1 MiB', `{"events": [${' '.repeat(2 ** 20)}]}`, JSON_TYPE, 413, 'too-large'],
      ['another content type', '{"events": []}', 'text/plain', 415, 'wrong-type'],
      ['a form', 'events=1', 'application/x-www-form-urlencoded', 415, 'wrong-type'],
    ])('%s', async (_name, body, contentType, status, code) => {
      const answer = await post(body, contentType);
      expect(answer.status).toBe(status);
      expect(answer.body.error.code).toBe(code);
      expect(answer.body.error.message.length).toBeGreaterThan(0);
    });

    it('whose type it does not read, and names those that it does', async () => {
      const { body } = await post('{"events": []}', 'text/plain');
      expect(body.error).toMatchObject({
        field: 'content-type',
        message: 'the content-type must be application/json or application/x-protobuf',
      });
    });

    it('but takes one of exactly 1,000 events', async () => {
      const { status, body } = await post(batchOf(1_000));
      expect([status, body.results.length]).toEqual([200, 1_000]);
    });

    it('and an empty one for what it is', async () => {
      expect(await send()).toEqual({ status: 200, body: { accepted: 0, results: [] } });
    });
  });

  it('is ready and live, describes itself, and answers unknown paths as errors', async () => {
    for (const path of ['/livez', '/readyz']) expect((await fetch(url(path))).status).toBe(200);
    const document = (await (await fetch(url('/openapi.json'))).json()) as {
      paths: Record<string, { get: { responses: Record<string, { description: string }> } }>;
      components: { schemas: object };
    };
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/v1/events', '/v1/lag']));
    const answersOf = (path: string) => Object.keys(document.paths[path]!.get.responses);
    expect(['/livez', '/readyz', '/v1/lag'].map(answersOf)).toEqual([
      ['200', '503'],
      ['200', '503'],
      ['200', '401', '500', '503'],
    ]);
    expect(document.components.schemas).toHaveProperty(
      'Event.properties.watch.properties.positionSeconds.type',
      'number',
    );
    const missing = await fetch(url('/v2/nothing'));
    expect([missing.status, ((await missing.json()) as Answer['body']).error.code]).toEqual([404, 'not-found']);
    const undecodable = await fetch(url('/%zz'));
    expect([undecodable.status, ((await undecodable.json()) as Answer['body']).error.code]).toEqual([400, 'malformed']);
  });

  it('counts each event once over retries and a restart, and archives all that was accepted', async () => {
    const userIds = ['retry-1', 'retry-2', 'retry-3'];
    const events = Array.from({ length: 60 }, (_, i) => {
      const userId = userIds[i % 3] as string;
      return eventOf(i === 59 ? userDeletedOf(userId) : watchOf(userId, `v${i}`, { playbackId: `p${i}` }), now + i, {
        receivedAtMs: 0,
      });
    });
    await sendEvents(...events.slice(0, 40));
    await sendEvents(...events.slice(20, 40));
    await running.app.close();
    running = await start();
    await sendEvents(...events.slice(30));
    await allIn();

    const states = await storedStates(stores.store);
    const own = new Map([...states].filter(([userId]) => userIds.includes(userId)));
    expect(sorted(own)).toEqual(sorted(foldedOnce(events)));

    const archive = openParquetArchive(join(directory.path, 'archive'));
    const archived: string[] = [];
    for await (const run of archive.read(TOPICS.activity, { order: 'offset' }))
      archived.push(...run.map(({ partition, offset }) => `${partition}:${offset}`));
    await archive.close();
    const logged = (await allRecords(stores.log, TOPICS.activity)).map(
      ({ partition, offset }) => `${partition}:${offset}`,
    );
    expect(archived.sort()).toEqual(logged.sort());
  });
});

describe('ingestion without its event log', () => {
  let directory: { path: string; remove(): Promise<void> };
  let running: RunningHttpService | undefined;
  beforeAll(async () => {
    directory = await temporaryDirectory('ingestion-without-log');
  });
  afterAll(async () => {
    await running?.app.close();
    await directory.remove();
  });

  it('listens, is alive and not ready, and tells producers when to come again', async () => {
    running = await startIngestion(
      ingestionSettings.parse({
        WATCHNEXT_DATA_DIR: directory.path,
        WATCHNEXT_HTTP_PORT: '0',
        WATCHNEXT_EVENT_LOG: 'kafka',
        // Nothing listens there.
        WATCHNEXT_KAFKA_BROKERS: '127.0.0.1:9',
        WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: '500',
      }),
      quiet,
    );
    const url = (path: string) => `http://127.0.0.1:${running?.port}${path}`;
    expect((await fetch(url('/livez'))).status).toBe(200);
    const ready = await fetch(url('/readyz'));
    expect([ready.status, await ready.json()]).toEqual([
      503,
      {
        error: expect.objectContaining({
          code: 'not-ready',
          message: expect.stringMatching(/^not ready: catalogue, mat/),
        }),
      },
    ]);
    const event = Event.toJSON(eventOf(searchOf('anna', 'rivers'), Date.now(), { receivedAtMs: 0 }));
    const body = JSON.stringify({ events: [event] });
    const sent = await fetch(url('/v1/events'), { method: 'POST', body, headers: { 'content-type': JSON_TYPE } });
    expect([sent.status, sent.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await sent.json()).toMatchObject({ error: { code: 'not-ready' } });
  });
});
