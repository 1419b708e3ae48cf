import { createRandom } from '@watchnext/learning';
import { drawLists, type DrawnList } from './draw-lists';
import type { TimelineRow } from './staging/timeline';

const rowOf = (userId: string, videoId: string, line: number): TimelineRow => ({
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
  facts: { channelId: '', topics: [], durationSeconds: 0, uploadedAtMs: 0 },
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
});
