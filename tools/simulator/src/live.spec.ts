import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Event } from '@watchnext/contract';
import { GatewayClient, LiveSimulator, newMemories, sendAll, Truth, World, type LiveOptions } from './index';

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
    const memory = newMemories(5);
    answer = (url) => {
      const userId = /users\/([^/]+)\//.exec(url)![1];
      const items = new Truth(world)
        .oracleList(world.viewer(userId)!, 10, Date.now(), memory[0])
        .map((video, position) => ({
          videoId: video.id,
          impressionId: `${requests.length}-${position}`,
          position,
        }));
      return { status: 200, body: { userId, requestId: `request-${requests.length}`, rung: 'full', items } };
    };
    server = createServer((request, response) => {
      requests.push(request.url!);
      const { status, body } = answer(request.url!);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    gateway = new GatewayClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterEach(() => new Promise<unknown>((resolve) => server.close(resolve)));

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
      uploadEveryMs: UPLOAD_EVERY_MS,
      mishaps: { lateShare: 0, duplicateShare: 0 },
      onError: (error) => errors.push(error),
      ...overrides,
    });
    return { live, events, errors };
  }

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
