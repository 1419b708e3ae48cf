import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DAY_MS } from '@watchnext/features';
import { SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { temporaryDirectory, TEST_LIMIT_MS } from '@watchnext/testing';
import { EXIT_CODES, parseCommand } from '../src/cli';
import { trainOnce } from '../src/train-once';
import { contextOf, storeOf } from './harness';
import { archiveEvents, FIRST_DAY_MS, syntheticEvents } from './synthetic-log';

const SIZE = { userCount: 40, videoCount: 80, dayCount: 7 };

describe('a training on the last days of a longer log', () => {
  const events = syntheticEvents(SIZE);
  let data: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    data = await temporaryDirectory('training-window');
    await archiveEvents(data.path, events);
  });
  afterAll(() => data.remove());

  async function trainOn(trainingDays: string) {
    const app = await contextOf(data.path, () => undefined, { WATCHNEXT_TRAINING_DAYS: trainingDays });
    return trainOnce(app, parseCommand(['--once', '--seed', '7', '--override-gate'], { exitOverride: true }));
  }

  it(
    'learns from these alone, and knows the videos and the counts of before',
    async () => {
      expect(await trainOn('4')).toBe(EXIT_CODES.published);
      const store = storeOf(data.path);
      const { manifest, directory } = await store.fetch((await store.readPointer()) as string);
      const firstDayMs = FIRST_DAY_MS + 2 * DAY_MS;
      expect(manifest.window?.fromMs).toBeGreaterThanOrEqual(firstDayMs);
      expect(manifest.window?.fromMs).toBeLessThan(firstDayMs + DAY_MS);
      const shown = events.flatMap(({ body, occurredAtMs: atMs }) =>
        body?.$case === 'impressionsServed' ? body.value.items.map(({ videoId }) => ({ videoId, atMs })) : [],
      );
      expect(manifest.sizes['ranking_examples']).toBe(shown.filter(({ atMs }) => atMs >= firstDayMs).length);
      const read = async (file: string) => JSON.parse(await readFile(join(directory, file), 'utf8'));
      const counts: Record<string, number> = {};
      for (const { videoId } of shown) counts[videoId] = (counts[videoId] ?? 0) + 1;
      const { videos } = await read(SNAPSHOT_FILES.statistics);
      for (const [videoId, count] of Object.entries(counts)) expect(videos[videoId].impressionCount).toBe(count);
      // All were uploaded before the log begins.
      expect((await read(SNAPSHOT_FILES.popular)).fresh.length).toBe(SIZE.videoCount);
    },
    TEST_LIMIT_MS,
  );

  it('is not begun with too few of them', async () => {
    expect(await trainOn('3')).toBe(EXIT_CODES.failed);
  });
});
