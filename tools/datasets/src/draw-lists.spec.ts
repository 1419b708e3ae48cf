import fc from 'fast-check';
import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { drawLists, type DrawnList } from './draw-lists';
import type { TimelineRow } from './staging/timeline';

const FIRST_MS = Date.UTC(2026, 0);

const rowOf = (userId: string, videoId: string, line: number, uploadedAtMs = 0): TimelineRow => ({
  kind: 'watch',
  atMs: 1_000 * line,
  toldAtMs: 1_000 * line,
  userId,
  videoId,
  positionSeconds: 60,
  country: '',
  device: '',
  pageId: '',
  listId: '',
  surface: '',
  source: 0,
  line,
  facts: { channelId: '', topics: [], durationSeconds: 0, uploadedAtMs },
  hasProfile: false,
});

async function draw(rows: readonly TimelineRow[], batchSize = 1_000): Promise<DrawnList[]> {
  const pairCount = new Set(rows.map(({ userId, videoId }) => `${userId} ${videoId}`)).size;
  async function* batches() {
    for (let from = 0; from < rows.length; from += batchSize)
      yield await Promise.resolve(rows.slice(from, from + batchSize));
  }
  const drawn: DrawnList[] = [];
  for await (const lists of drawLists(batches(), pairCount)) drawn.push(...lists);
  return drawn;
}

/** 20 users, 40 videos of which some are much more popular, no watch twice. */
function someLog(): TimelineRow[] {
  const random = createRandom(1);
  const pairs = new Set<string>();
  while (pairs.size < 400) pairs.add(`u${random.nextInt(20)} v${Math.floor(40 * random.next() ** 2)}`);
  return [...pairs].map((pair, line) => rowOf(...(pair.split(' ') as [string, string]), line));
}

/** 400 users, five uploads a day, of which half of the interest goes in a week. */
function logWithUploads(watchesPerDay: number, days: number): TimelineRow[] {
  const random = createRandom(3);
  const daysBefore = 60;
  return Array.from({ length: watchesPerDay * days }, (_, line) => {
    const day = line / watchesPerDay;
    const ageDays = Math.min(daysBefore, (-Math.log(1 - random.next()) * 7) / Math.LN2);
    const upload = Math.floor((daysBefore + day - ageDays) * 5);
    const uploadedAtMs = FIRST_MS + (upload / 5 - daysBefore) * DAY_MS;
    const row = rowOf(`u${random.nextInt(400)}`, `v${upload}`, line, uploadedAtMs);
    return { ...row, atMs: FIRST_MS + day * DAY_MS };
  });
}

describe('drawn lists', () => {
  it('hold nothing that their user had watched before, and what it watches later as any other', async () => {
    const rows = someLog();
    const drawn = await draw(rows);
    expect(drawn.map(({ watch }) => watch)).toEqual(rows);
    const before = new Map<string, Set<string>>();
    let laterCount = 0;
    for (const { watch, items } of drawn) {
      const seen = before.get(watch.userId) ?? new Set();
      before.set(watch.userId, seen);
      expect(items.filter(({ videoId }) => seen.has(videoId))).toEqual([]);
      seen.add(watch.videoId);
      const later = rows.filter(({ userId, line }) => userId === watch.userId && line > watch.line);
      laterCount += items.filter((item) => later.some(({ videoId }) => videoId === item.videoId)).length;
    }
    expect(laterCount).toBeGreaterThan(100);
  });

  it('are not drawn where their user watches a video again: it alone would have been watched before', async () => {
    const rows = [...someLog(), rowOf('u1', 'new', 1_000), rowOf('u1', 'new', 1_001)];
    const drawn = await draw(rows);
    expect(drawn.filter(({ items }) => items.length === 0).map(({ watch }) => watch)).toEqual(rows.slice(-1));
  });

  it('are drawn from farther away where one user fills all that is near', async () => {
    const others = Array.from({ length: 300 }, (_, n) => rowOf(`u${n % 60}`, `v${n % 50}`, n));
    const sitting = Array.from({ length: 5_000 }, (_, n) => rowOf('long', `w${n}`, 300 + n));
    const drawn = await draw([...others, ...sitting]);
    const sizes = drawn.filter(({ watch }) => watch.userId === 'long').map(({ items }) => items.length);
    expect(sizes.filter((size) => size === 5).length / sizes.length).toBeGreaterThan(0.8);
    expect(Math.min(...sizes)).toBeGreaterThan(1);
  });

  const linesOf = (drawn: readonly DrawnList[]) => drawn.map(({ items }) => items.map(({ line }) => line));

  it('are the same for the same log', async () => {
    expect(linesOf(await draw(someLog()))).toEqual(linesOf(await draw(someLog())));
  });

  it('are the same however the log comes, though only a stretch of a long one is held', async () => {
    // Where one user sits, most lists are drawn from as far as there is anything to draw from.
    const isSitting = (n: number) => n > 60_000 && n < 70_000 && n % 100 !== 50;
    const rows = Array.from({ length: 82_000 }, (_, n) =>
      rowOf(isSitting(n) ? 'long' : `u${n % 997}`, isSitting(n) ? `w${n}` : `v${(n * n) % 9_973}`, n),
    );
    const whole = linesOf(await draw(rows, rows.length));
    // Of so many lists jest would tell each difference.
    const differing = linesOf(await draw(rows)).findIndex((lines, n) => lines.join() !== whole[n].join());
    expect([whole.length, differing]).toEqual([rows.length, -1]);
  });

  it('hold no drawn video that was uploaded after them', async () => {
    const oneWatch = fc.record({ user: fc.nat(8), video: fc.nat(30) });
    const log = fc.record({
      watches: fc.array(oneWatch, { minLength: 1, maxLength: 120 }),
      /** By video, in watches since the log began; 0: not told. */
      uploads: fc.array(fc.nat(120), { minLength: 31, maxLength: 31 }),
    });
    let drawnCount = 0;
    await fc.assert(
      fc.asyncProperty(log, async ({ watches, uploads }) => {
        const rows = watches.map(({ user, video }, line) => {
          const first = watches.findIndex((other) => other.video === video);
          return rowOf(`u${user}`, `v${video}`, line, 1_000 * Math.min(uploads[video], first));
        });
        for (const { watch, items } of await draw(rows)) {
          const later = items.filter(({ facts }) => facts.uploadedAtMs > watch.atMs);
          expect(later).toEqual([]);
          drawnCount += Math.max(0, items.length - 1);
        }
      }),
      { seed: 20261128 },
    );
    expect(drawnCount).toBeGreaterThan(1_000);
  });

  it('set a watch before the upload that is told beside what was uploaded by then', async () => {
    // As where a column tells when the video was last changed: all of it lies behind the log.
    const rows = someLog().map(({ userId, videoId, line }) => rowOf(userId, videoId, line, 1_000_000));
    const drawn = await draw(rows);
    expect(drawn.filter(({ items }) => items.length < 5)).toEqual([]);
  });

  it('tell no watch by its age where videos are uploaded all the time', async () => {
    const clicks = { young: [0, 0], others: [0, 0] };
    for (const { watch, items } of await draw(logWithUploads(100, 80)))
      for (const item of items) {
        const counts = watch.atMs - item.facts.uploadedAtMs < DAY_MS ? clicks.young : clicks.others;
        counts[item === watch ? 0 : 1]++;
      }
    const [young, others] = [clicks.young, clicks.others].map(([watched, left]) => watched / (watched + left));
    expect(Math.abs(young - 0.2)).toBeLessThan(0.02);
    expect(Math.abs(others - 0.2)).toBeLessThan(0.005);
  });
});
