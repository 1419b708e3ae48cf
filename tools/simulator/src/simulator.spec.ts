import { Event } from '@watchnext/contract';
import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import {
  chooseViewers,
  evaluateLists,
  formatEvaluation,
  generateHistory,
  generateHistoryInTurns,
  orderProvider,
  popularityProvider,
  randomProvider,
  Truth,
  ViewerMemory,
  World,
} from './index';

const endMs = Date.UTC(2026, 10, 20, 17, 30);
const small = { seed: 5, viewerCount: 120, videoCount: 200, dayCount: 5, endMs };
const world = new World(small);
const history = generateHistory(world);
const truth = new Truth(world);

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const topicOfWord = (word: string) => world.topics.findIndex(({ words }) => words.flat().includes(word));

describe('the history', () => {
  const bytes = (events: readonly Event[]) => Buffer.concat(events.map((event) => Event.encode(event).finish()));

  it('is the same events, ids and all, for the same seed, and others for another', () => {
    expect(bytes(generateHistory(new World(small)).events).equals(bytes(history.events))).toBe(true);
    expect(bytes(generateHistory(new World({ ...small, seed: 6 })).events).equals(bytes(history.events))).toBe(false);
  });

  it('is the same told in turns, in which others get theirs, and ends when a signal says so', async () => {
    let turns = 0;
    const counting = setInterval(() => turns++, 1);
    const progress: number[] = [];
    const told = await generateHistoryInTurns(new World(small), { onProgress: (done) => progress.push(done) });
    clearInterval(counting);
    expect(bytes(told.events).equals(bytes(history.events))).toBe(true);
    expect(turns).toBeGreaterThan(0);
    expect(progress.length).toBeGreaterThan(0);
    expect(progress).toEqual([...new Set(progress)].sort((a, b) => a - b));

    const stop = new AbortController();
    const stopped = generateHistoryInTurns(new World(small), {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
  });

  it('tells the collector of every video before anything happens to it, and of nothing that has not happened', () => {
    const known = new Set<string>();
    for (const event of history.events) {
      expect(event.backfill).toBe(true);
      expect(event.occurredAtMs).toBeLessThanOrEqual(endMs);
      const body = event.body!;
      if (body.$case === 'videoUpserted') known.add(body.value.videoId);
      if (body.$case === 'watch') {
        expect(known.has(body.value.videoId)).toBe(true);
        expect(event.occurredAtMs).toBeGreaterThanOrEqual(body.value.video!.uploadedAtMs);
      }
    }
  });

  it('gives every event an id of version 7 with the time it occurred', () => {
    for (const event of history.events) {
      expect(event.eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(parseInt(event.eventId.replaceAll('-', '').slice(0, 12), 16)).toBe(event.occurredAtMs);
    }
  });

  it('holds a few events twice and a few out of order, as real producers deliver them', () => {
    const ids = history.events.map((event) => event.eventId);
    const repeated = ids.length - new Set(ids).size;
    expect(repeated).toBeGreaterThan(0);
    expect(repeated / ids.length).toBeLessThan(0.01);
    const activity = history.events.slice(small.videoCount);
    const backwards = activity.filter(
      (event, i) => i > 0 && event.occurredAtMs < activity[i - 1].occurredAtMs - 5 * 60_000,
    ).length;
    expect(backwards).toBeGreaterThan(0);
    expect(backwards / activity.length).toBeLessThan(0.02);
  });

  it('lets a playback go forward only, from an impression of the same video or from none', () => {
    const impressions = new Map<string, string>();
    for (const { body } of history.events) {
      if (body?.$case === 'impressionsServed')
        for (const item of body.value.items) impressions.set(item.impressionId, item.videoId);
    }
    const watches = history.events.flatMap((event) =>
      event.body?.$case === 'watch' ? [{ at: event.occurredAtMs, ...event.body.value }] : [],
    );
    expect(watches.some((watch) => watch.impressionId === '')).toBe(true);
    const playbacks = new Map<string, { at: number; positionSeconds: number }[]>();
    for (const watch of watches) {
      if (watch.impressionId !== '') expect(impressions.get(watch.impressionId)).toBe(watch.videoId);
      playbacks.set(watch.playbackId, [...(playbacks.get(watch.playbackId) ?? []), watch]);
    }
    let inParts = 0;
    for (const parts of playbacks.values()) {
      const byTime = [...new Map(parts.map((part) => [part.at, part])).values()].sort((a, b) => a.at - b.at);
      if (byTime.length > 1) inParts++;
      for (let i = 1; i < byTime.length; i++)
        expect(byTime[i].positionSeconds).toBeGreaterThanOrEqual(byTime[i - 1].positionSeconds);
    }
    expect(inParts).toBeGreaterThan(10);
  });

  it('lets places that stand lower be clicked less', () => {
    const clicked = new Set(
      history.events.flatMap(({ body }) => (body?.$case === 'watch' ? [body.value.impressionId] : [])),
    );
    const shown = new Array<number>(10).fill(0);
    const clicks = new Array<number>(10).fill(0);
    for (const { body } of history.events) {
      if (body?.$case !== 'impressionsServed') continue;
      for (const item of body.value.items) {
        shown[item.position]++;
        if (clicked.has(item.impressionId)) clicks[item.position]++;
      }
    }
    const rate = (from: number, to: number) => mean(clicks.slice(from, to)) / mean(shown.slice(from, to));
    expect(rate(0, 3)).toBeGreaterThan(1.4 * rate(7, 10));
  });

  it('searches in words of what the viewer likes or has on the mind', () => {
    let told = 0;
    let searches = 0;
    for (const { body, occurredAtMs } of history.events) {
      if (body?.$case !== 'search') continue;
      const viewer = world.viewers.find(({ id, anonymousId }) => [id, anonymousId].includes(body.value.userId))!;
      const topicIndex = topicOfWord(body.value.query.split(' ')[0]);
      searches++;
      if (truth.interests(viewer, occurredAtMs)[topicIndex] > 0.2) told++;
    }
    expect(searches).toBeGreaterThan(50);
    expect(told / searches).toBeGreaterThan(0.8);
  });
});

describe('the truth', () => {
  it('is the mean of what happens, click and seconds, within its error', () => {
    const viewer = world.viewers[3];
    const memory = new ViewerMemory();
    const videos = truth.oracleList(viewer, 5, endMs, memory).concat(world.videos.slice(0, 5));
    memory.recordShown(videos[1].index, endMs - DAY_MS);
    const random = createRandom(11);
    const plays = 20_000;
    const seconds = videos.map(() => [] as number[]);
    const clicks = videos.map(() => 0);
    for (let n = 0; n < plays; n++) {
      const bySeconds = new Map(
        truth
          .playPage(viewer, videos, endMs, memory, random)
          .clicks.map((click) => [click.position, click.watchSeconds]),
      );
      videos.forEach((_, position) => {
        seconds[position].push(bySeconds.get(position) ?? 0);
        if (bySeconds.has(position)) clicks[position]++;
      });
    }
    videos.forEach((video, position) => {
      const drawn = mean(seconds[position]);
      const error = Math.sqrt(mean(seconds[position].map((value) => (value - drawn) ** 2)) / plays);
      expect(Math.abs(drawn - truth.expectedWatchSeconds(viewer, video, position, endMs, memory))).toBeLessThan(
        4 * error + 1e-9,
      );
      const p = truth.clickProbability(viewer, video, position, endMs, memory);
      expect(Math.abs(clicks[position] / plays - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / plays) + 1e-9);
    });
    const total = videos.reduce(
      (sum, video, position) => sum + truth.expectedWatchSeconds(viewer, video, position, endMs, memory),
      0,
    );
    expect(truth.listWatchSeconds(viewer, videos, endMs, memory)).toBeCloseTo(total, 9);
  });

  it('parts clicks from watch time: bait is clicked more and watched far less', () => {
    const rows = [true, false].map((bait) => {
      const videos = world.videos.filter(
        (video) => video.clickbait === bait && endMs - video.uploadedAtMs > 3 * DAY_MS,
      );
      const pairs = videos.flatMap((video) => world.viewers.slice(0, 60).map((viewer) => ({ video, viewer })));
      return {
        attraction: mean(pairs.map(({ video, viewer }) => truth.attraction(viewer, video, endMs, new ViewerMemory()))),
        share: mean(pairs.map(({ video, viewer }) => truth.meanShare(viewer, video, endMs))),
      };
    });
    expect(rows[0].attraction).toBeGreaterThan(1.2 * rows[1].attraction);
    expect(rows[0].share).toBeLessThan(0.3 * rows[1].share);
  });

  it('wears a video out by showing it, and lets the showings be forgotten', () => {
    const viewer = world.viewers[0];
    const [video] = truth.oracleList(viewer, 1, endMs, new ViewerMemory());
    const memory = new ViewerMemory();
    const fresh = truth.attraction(viewer, video, endMs, memory);
    memory.recordShown(video.index, endMs);
    memory.recordShown(video.index, endMs);
    const worn = truth.attraction(viewer, video, endMs, memory);
    expect(worn).toBeLessThan(0.6 * fresh);
    expect(memory.shownStrength(video.index, endMs + 12 * DAY_MS)).toBeLessThan(0.2);
  });

  it('shows nothing before its upload', () => {
    const late = world.videos.find((video) => video.uploadedAtMs > world.startMs)!;
    expect(truth.expectedWatchSeconds(world.viewers[0], late, 0, late.uploadedAtMs - 1, new ViewerMemory())).toBe(0);
    expect(
      truth.expectedWatchSeconds(world.viewers[0], late, 0, late.uploadedAtMs, new ViewerMemory()),
    ).toBeGreaterThan(0);
  });
});

describe('the evaluation of lists', () => {
  it('puts the oracle far above popularity, whatever the seed, and nothing above the oracle', async () => {
    for (const seed of [1, 2, 3]) {
      const other = new World({ ...small, seed });
      const past = generateHistory(other);
      const rows = await evaluateLists({
        world: other,
        memories: past.memories,
        viewers: chooseViewers(other, 40),
        limit: 10,
        now: () => endMs,
        providers: [popularityProvider(other, past.popularity, past.memories), randomProvider(other, past.memories, 1)],
      });
      expect(rows.map((row) => row.name)).toEqual(['popularity', 'random', 'oracle']);
      expect(rows[2].meanWatchSeconds).toBeGreaterThan(3 * rows[0].meanWatchSeconds);
      expect(rows[2].meanWatchSeconds).toBeGreaterThan(3 * rows[1].meanWatchSeconds);
      expect(rows[2].clickbaitShare).toBeLessThan(rows[0].clickbaitShare);
      expect(rows.every((row) => row.emptyPlaces === 0)).toBe(true);
    }
  });

  it('is of a given order what is there and neither watched nor dismissed, and leaves the rest out', async () => {
    const viewer = world.viewers[7];
    const memory = history.memories[7];
    const isLeft = ({ index, uploadedAtMs }: (typeof world.videos)[number]) =>
      uploadedAtMs <= endMs && !memory.isWatched(index) && !memory.isDismissed(index);
    const order = ['nowhere to be found', ...world.videos.map(({ id }) => id).reverse()];
    const provider = orderProvider('reversed', world, history.memories, () => order);
    const left = world.videos.filter(isLeft).map(({ id }) => id);
    expect(left.length).toBeLessThan(world.videos.length);
    expect(await provider.list(viewer, 10, endMs)).toEqual(left.reverse().slice(0, 10));
  });

  it('is not beaten by any other order of the same list', () => {
    const viewer = world.viewers[7];
    const memory = history.memories[7];
    const best = truth.oracleList(viewer, 10, endMs, memory);
    const value = truth.listWatchSeconds(viewer, best, endMs, memory);
    expect(truth.listWatchSeconds(viewer, [...best].reverse(), endMs, memory)).toBeLessThan(value);
    expect(truth.listWatchSeconds(viewer, [best[1], best[0], ...best.slice(2)], endMs, memory)).toBeLessThanOrEqual(
      value,
    );
  });

  it('counts what is missing from a list, and prints every row', async () => {
    const rows = await evaluateLists({
      world,
      memories: history.memories,
      viewers: chooseViewers(world, 2),
      limit: 4,
      now: () => endMs,
      providers: [{ name: 'short', list: async () => [world.videos[0].id, 'no-such-video'] }],
    });
    expect(rows[0].emptyPlaces).toBe(6);
    const table = formatEvaluation(rows, 4, 2);
    expect(table).toContain('short');
    expect(table).toContain('oracle');
  });
});
