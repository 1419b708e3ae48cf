import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayClient } from '@watchnext/clients';
import type { Event } from '@watchnext/contract';
import { DAY_MS } from '@watchnext/features';
import { eventually } from '@watchnext/testing';
import {
  LiveSimulator,
  newMemories,
  sendAll,
  Truth,
  ViewerMemory,
  World,
  WorldClock,
  type EventSink,
  type LiveOptions,
} from '../index';

jest.mock('node:timers/promises', () => {
  const actual = jest.requireActual<typeof import('node:timers/promises')>('node:timers/promises');
  return { ...actual, setTimeout: jest.fn(actual.setTimeout) };
});
/** What is waited for, and how long; time passes as ever. */
const timers = jest.mocked(sleep);

const UPLOAD_EVERY_MS = 600_000;

describe('the live world', () => {
  const endMs = Date.now() - 3.5 * UPLOAD_EVERY_MS;
  let world: World;
  let server: Server;
  let gateway: GatewayClient;
  let requests: string[];
  let answer: (url: string) => { status: number; body: unknown };

  beforeEach(async () => {
    world = new World({ seed: 3, viewerCount: 5, videoCount: 60, dayCount: 2, endMs });
    requests = [];
    answer = answered(0);
    server = createServer((request, response) => {
      requests.push(request.url!);
      const { status, body } = answer(request.url!);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    gateway = new GatewayClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterEach(() => new Promise<unknown>((resolve) => server.close(resolve)));

  /** The oracle's list for whoever asks, with the fatigue of nobody. */
  function answered(viewerIndex: number): typeof answer {
    const memory = new ViewerMemory();
    return (url) => {
      const userId = /users\/([^/]+)\//.exec(url)![1];
      const viewer = world.viewer(userId) ?? world.viewers[viewerIndex];
      const items = new Truth(world).oracleList(viewer, 10, Date.now(), memory).map((video, position) => ({
        videoId: video.id,
        impressionId: `${requests.length}-${position}`,
        position,
      }));
      return { status: 200, body: { userId, requestId: `request-${requests.length}`, rung: 'full', items } };
    };
  }

  function simulator(overrides: Partial<LiveOptions> = {}) {
    const events: Event[] = [];
    const errors: Error[] = [];
    const live = new LiveSimulator({
      world,
      memories: newMemories(5),
      gateway,
      sink: { send: (event) => void events.push(event), flush: async () => undefined },
      sessionsPerMinute: 3_000,
      speed: 1e6,
      // Watches are told at once, and the world's day is the clock's.
      clock: new WorldClock(endMs, 1),
      loginShare: 0,
      uploadEveryMs: UPLOAD_EVERY_MS,
      mishaps: { lateShare: 0, duplicateShare: 0 },
      onError: (error) => errors.push(error),
      ...overrides,
    });
    return { live, events, errors };
  }

  const activityOf = (events: readonly Event[]) =>
    events.flatMap(({ body }) => (body === undefined || body.$case === 'videoUpserted' ? [] : [body]));

  const until = (met: () => boolean) => eventually(met, String(met));

  it('asks for lists, looks at them and watches from them, and never reports the list itself', async () => {
    const { live, events, errors } = simulator();
    live.start();
    await until(
      () =>
        events.filter((event) => event.body?.$case === 'watch').length >= 5 &&
        requests.some((url) => url.includes('up-next')),
    );
    await live.stop();
    expect(errors).toEqual([]);
    const kinds = new Set(events.map((event) => event.body!.$case));
    expect(kinds.has('impressionsViewed')).toBe(true);
    expect(kinds.has('impressionsServed')).toBe(false);
    expect(requests.find((url) => url.includes('up-next'))).toMatch(/seed=video-/);
    for (const event of events) {
      expect(event.backfill).toBe(false);
      if (event.body?.$case === 'watch') expect(event.body.value.impressionId).toMatch(/^(\d+-\d)?$/);
    }
    expect(new Set(events.map((event) => event.eventId)).size).toBe(events.length);
  });

  it('catches up with the uploads of its schedule, the same ones in a world built anew', async () => {
    const { live, events } = simulator();
    await live.catchUp();
    const ids = events.map((event) => (event.body?.$case === 'videoUpserted' ? event.body.value.videoId : ''));
    expect(ids).toEqual(['video-00060', 'video-00061', 'video-00062']);
    const again = new World(world.options);
    again.uploadDue(Date.now(), UPLOAD_EVERY_MS);
    expect(again.videos).toEqual(world.videos);
    await live.catchUp();
    expect(events).toHaveLength(3);
  });

  it('logs anonymous viewers in: registered, then merged, and served under their own id from then on', async () => {
    // Two days after the history, all of them are due, most of them since longer than a collector takes as live.
    world = new World({ ...world.options, viewerCount: 40, endMs: Date.now() - 2 * DAY_MS });
    const anonymous = world.viewers.filter(({ loggedIn, bot, index }) => {
      return !loggedIn && !bot && world.population.leaveDay[index] === Infinity;
    });
    expect(anonymous.length).toBeGreaterThan(0);
    const { live, events, errors } = simulator({
      world,
      memories: newMemories(40),
      clock: new WorldClock(world.options.endMs, 1),
      loginShare: 1_000,
    });
    live.start();
    await until(() => live.counts.sessions >= 30 && requests.length >= 30);
    await live.stop();
    expect(errors).toEqual([]);
    for (const viewer of anonymous) {
      const own = `viewer-${String(viewer.index).padStart(5, '0')}`;
      const [registered, merged] = events.filter(({ body }) => (body?.value as { userId?: string }).userId === own);
      expect(registered.body).toMatchObject({
        $case: 'userUpserted',
        value: { userId: own, profile: { country: viewer.country, ageYears: viewer.ageYears } },
      });
      expect(merged.body).toMatchObject({ $case: 'userMerged', value: { userId: own, anonymousUserId: viewer.id } });
      expect(merged.backfill).toBe(merged.occurredAtMs < Date.now() - DAY_MS / 2);
      expect(live.viewer(viewer.index)).toMatchObject({ id: own, anonymousId: viewer.id, loggedIn: true });
      expect(requests.filter((url) => url.includes(`/${viewer.id}/`))).toEqual([]);
    }
  });

  it('welcomes newcomers: registered or anonymous, served at once, and no other ones after a restart', async () => {
    const speed = 200_000;
    world = new World({ ...world.options, viewerCount: 40, endMs: Date.now() });
    const clock = new WorldClock(world.options.endMs, speed);
    const own = { speed, clock, memories: newMemories(40), sessionsPerMinute: undefined };
    const first = simulator({ world, ...own });
    first.live.start();
    const comers = () => world.viewers.slice(40);
    await until(() => first.live.counts.newcomers >= 20 && comers().some(({ loggedIn }) => !loggedIn));
    const isNew = (id: string) => Number(id.slice(id.indexOf('-') + 1)) >= 40;
    const servedIds = () => requests.map((url) => /users\/([^/]+)\//.exec(url)![1]);
    await until(() => new Set(servedIds().filter((id) => isNew(id))).size >= 5);
    await first.live.stop();
    expect(first.errors).toEqual([]);

    const registrations = (events: readonly Event[]) =>
      events.filter(({ body }) => body?.$case === 'userUpserted' || body?.$case === 'userMerged');
    const registered = comers().filter(({ loggedIn }) => loggedIn);
    const told = registrations(first.events);
    for (const { id, country, ageYears, gender } of registered.slice(0, 5)) {
      const own = told.filter(({ body }) => (body?.value as { userId: string }).userId === id);
      expect(own.map(({ body }) => body)).toMatchObject([
        { $case: 'userUpserted', value: { userId: id, profile: { country, ageYears, gender } } },
      ]);
    }

    const before = world.viewers;
    world = new World(world.options);
    const second = simulator({ world, ...own });
    await second.live.catchUp();
    expect(world.viewers.slice(0, before.length)).toEqual(before);
    // Logins that waited for the end of a session were told with the time of that.
    const atOnce = told.filter(
      ({ body }) => body?.$case === 'userUpserted' && registered.some(({ id }) => id === body.value.userId),
    );
    expect(registrations(second.events)).toEqual(expect.arrayContaining(atOnce));
    expect(second.live.counts.newcomers).toBeGreaterThanOrEqual(first.live.counts.newcomers);
    expect(second.live.counts.sessions).toBe(0);
  });

  it('has viewers watch what no list led to, about as often as in the history', async () => {
    // Enough videos for every language.
    world = new World({ ...world.options, viewerCount: 40, videoCount: 400 });
    const { live, events, errors } = simulator({ world, memories: newMemories(40) });
    live.start();
    await until(() => live.counts.watchesElsewhere >= 20);
    await live.stop();
    expect(errors).toEqual([]);
    const from = new Map(
      events.flatMap(({ body }) => (body?.$case === 'watch' ? [[body.value.playbackId, body.value.impressionId]] : [])),
    );
    expect([...from.values()].filter((id) => id === '')).toHaveLength(live.counts.watchesElsewhere);
    const homePages = requests.filter((url) => url.includes('surface=home')).length;
    const share = live.counts.watchesElsewhere / homePages;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.65);
  });

  it('has programs that look at everything, watch hardly anything and never leave the front page', async () => {
    const bots = new World(world.options);
    bots.population.bot.fill(1);
    world = bots;
    const { live, events, errors } = simulator({ world: bots });
    live.start();
    await until(() => live.counts.pages >= 20);
    await live.stop();
    expect(errors).toEqual([]);
    for (const body of activityOf(events)) {
      if (body.$case === 'impressionsViewed') expect(body.value.impressionIds).toHaveLength(10);
      else expect(body).toMatchObject({ $case: 'watch', value: { positionSeconds: 3 } });
    }
    expect(requests.every((url) => url.includes('surface=home'))).toBe(true);
    const share = live.counts.watches / (10 * live.counts.pages);
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.45);
  });

  it('passes its days at the stated speed, uploads among them, and tells all of it by the clock', async () => {
    const speed = 100_000;
    const began = Date.now();
    const fresh = new World({ ...world.options, endMs: began });
    world = fresh;
    const { live, events, errors } = simulator({
      world: fresh,
      speed,
      clock: undefined,
      sessionsPerMinute: undefined,
      uploadEveryMs: DAY_MS / 4,
    });
    expect(live.rate.mean).toBeGreaterThan(0);
    live.start();
    await until(() => live.counts.uploads >= 8 && live.counts.sessions >= 4);
    await live.stop();
    expect(errors).toEqual([]);
    const worldDays = (live.clock.nowMs - began) / DAY_MS;
    expect(worldDays).toBeGreaterThan(2);
    expect(worldDays).toBeLessThanOrEqual(((Date.now() - began) * speed) / DAY_MS);
    for (const { occurredAtMs, body } of events) {
      expect(occurredAtMs).toBeGreaterThanOrEqual(began);
      expect(occurredAtMs).toBeLessThanOrEqual(Date.now());
      if (body?.$case === 'videoUpserted') expect(body.value.video!.uploadedAtMs).toBe(occurredAtMs);
    }
    // By the world's own time they are as far apart as stated.
    const uploads = fresh.videos.slice(60).map(({ uploadedAtMs }) => uploadedAtMs - began);
    expect(uploads.slice(0, 3)).toEqual([DAY_MS / 4, DAY_MS / 2, (3 * DAY_MS) / 4]);
  });

  it('reports a failing gateway and goes on', async () => {
    const { live, events, errors } = simulator();
    const good = answer;
    answer = () => ({ status: 503, body: { error: { code: 'unavailable', message: 'not now' } } });
    live.start();
    await until(() => errors.length >= 2);
    answer = good;
    await until(() => events.some((event) => event.body?.$case === 'watch'));
    await live.stop();
    expect(errors[0].message).toMatch(/503.*not now/);
  });

  it('tells some watches late and some events twice, as real producers do', async () => {
    const { live, events, errors } = simulator({ mishaps: { lateShare: 0.5, duplicateShare: 0.5 } });
    live.start();
    await until(() => live.counts.watches >= 20);
    await live.stop();
    expect(errors).toEqual([]);
    const ids = events.map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBeLessThan(ids.length);
    const watches = new Set(events.flatMap(({ body }) => (body?.$case === 'watch' ? [body.value.playbackId] : [])));
    expect(watches.size).toBe(live.counts.watches);
  });

  it('stops at once, in the middle of a long watch', async () => {
    const { live, errors } = simulator({ speed: 0.001 });
    live.start();
    await until(() => requests.length > 0);
    await live.stop();
    expect(errors).toEqual([]);
  });

  const never = () => new Promise<void>(() => undefined);
  it.each<[string, EventSink]>([
    ['never delivers', { send: () => undefined, flush: never }],
    ['is full for ever', { send: never, flush: async () => undefined }],
  ])('stops soon where the sink %s', async (_, sink) => {
    const sent = jest.spyOn(sink, 'send');
    const { live, errors } = simulator({ sink });
    live.start();
    // Uploads are due at once.
    await until(() => sent.mock.calls.length > 0);
    timers.mockClear();
    const stopped = live.stop();
    expect(timers.mock.calls.map(([milliseconds]) => milliseconds)).toEqual([2_000]);
    // By that, as the sink never will end it.
    await stopped;
    expect(errors).toEqual([]);
  });

  it('tells a page that a stop cuts short to its end, and nothing of it from the future', async () => {
    const { live, events } = simulator({ speed: 0.001 });
    const lists = await Promise.all(
      world.viewers.map((viewer) => gateway.recommendations(viewer.id, { limit: 10, surface: 'home' })),
    );
    world.viewers.forEach((viewer, index) => live.playInBackground(viewer, lists[index]));
    expect(live.counts.watches).toBeGreaterThan(0);
    await live.stop();
    const playbackIds = events.flatMap(({ body }) => (body?.$case === 'watch' ? [body.value.playbackId] : []));
    expect(new Set(playbackIds).size).toBe(live.counts.watches);
    expect(events.filter(({ body }) => body?.$case === 'impressionsViewed')).toHaveLength(lists.length);
    for (const { eventId, occurredAtMs } of events) {
      expect(occurredAtMs).toBeLessThanOrEqual(Date.now());
      expect(parseInt(eventId.replaceAll('-', '').slice(0, 12), 16)).toBeLessThanOrEqual(Date.now());
    }
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
  });

  it('says which gateway did not answer and why', async () => {
    const nobody = new GatewayClient('http://127.0.0.1:1');
    await expect(nobody.recommendations('viewer-00000', { limit: 1, surface: 'home' })).rejects.toThrow(
      /127\.0\.0\.1:1 did not answer: \S+/,
    );
  });
});

describe('sendAll', () => {
  it('keeps the order and counts what was flushed only', async () => {
    const events = Array.from({ length: 4_500 }, (_, i) => ({ eventId: String(i) }) as Event);
    const sent: string[] = [];
    let flushed = 0;
    const progress: number[] = [];
    await sendAll(
      events,
      { send: (event) => void sent.push(event.eventId), flush: async () => void (flushed = sent.length) },
      (done) => {
        expect(done).toBe(flushed);
        progress.push(done);
      },
    );
    expect(sent).toEqual(events.map((event) => event.eventId));
    expect(progress).toEqual([2_000, 4_000, 4_500]);
  });
});
