import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Event } from '@watchnext/contract';
import {
  DAY_MS,
  GatewayClient,
  LiveSimulator,
  newMemories,
  sendAll,
  Truth,
  ViewerMemory,
  World,
  WorldClock,
  type LiveOptions,
} from '../index';

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

  async function until(met: () => boolean): Promise<void> {
    while (!met()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

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
      if (event.body?.$case === 'watch') expect(event.body.value.impressionId).toMatch(/^\d+-\d$/);
    }
    expect(new Set(events.map((event) => event.eventId)).size).toBe(events.length);
  });

  it('catches up with the uploads of its schedule, the same ones in a world built anew', async () => {
    const { live, events } = simulator();
    await live.uploadDue();
    const ids = events.map((event) => (event.body?.$case === 'videoUpserted' ? event.body.value.videoId : ''));
    expect(ids).toEqual(['video-00060', 'video-00061', 'video-00062']);
    const again = new World(world.options);
    again.uploadDue(Date.now(), UPLOAD_EVERY_MS);
    expect(again.videos).toEqual(world.videos);
    await live.uploadDue();
    expect(events).toHaveLength(3);
  });

  it('logs anonymous viewers in: registered, then merged, and served under their own id from then on', async () => {
    const anonymous = new World({ ...world.options, viewerCount: 40 });
    world = anonymous;
    const [viewer] = world.viewers.filter(({ loggedIn, bot }) => !loggedIn && !bot);
    // Nobody else comes.
    for (let index = 0; index < 40; index++) world.population.leaveDay[index] = index === viewer.index ? Infinity : -1;
    const { live, events, errors } = simulator({ world: anonymous, memories: newMemories(40), loginShare: 1 });
    answer = answered(viewer.index);
    live.start();
    await until(() => live.counts.sessions >= 3 && requests.length >= 3);
    await live.stop();
    expect(errors).toEqual([]);
    const own = `viewer-${String(viewer.index).padStart(5, '0')}`;
    const [registered, merged, ...others] = activityOf(events);
    expect(registered).toMatchObject({
      $case: 'userUpserted',
      value: { userId: own, profile: { country: viewer.country } },
    });
    expect(merged).toMatchObject({ $case: 'userMerged', value: { userId: own, anonymousUserId: viewer.id } });
    expect(live.counts.logins).toBe(1);
    expect(requests.every((url) => url.includes(`/users/${own}/`))).toBe(true);
    const users = others.map((body) => (body.value as { userId: string }).userId);
    expect(new Set(users)).toEqual(new Set([own]));
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
