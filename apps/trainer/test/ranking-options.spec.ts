import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Event } from '@watchnext/contract';
import { applyEvent, newState, replayUser, statisticsFrom, type UserRecord } from '@watchnext/features';
import { Ranker, RankerStack } from '@watchnext/inference';
import { runStack } from '@watchnext/learning';
import { loadModels } from '@watchnext/offline';
import { featuresChecksum } from '@watchnext/ranking-model';
import { SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { eventOf, searchOf, temporaryDirectory, TEST_LIMIT_MS } from '@watchnext/testing';
import { parseCommand } from '../src/cli';
import { trainOnce } from '../src/train-once';
import { contextOf, storeOf } from './harness';
import { archiveEvents, syntheticEvents } from './synthetic-log';

const CHANGE = { searches: 'mean-and-last', crosses: ['user-surface', 'surface-channel'], members: 2 };

/** Before each list its viewer searches, and after it for something else, which the list must not know. */
function withSearches(events: readonly Event[]): Event[] {
  return events.flatMap((event) => {
    if (event.body?.$case !== 'impressionsServed') return [event];
    const { userId } = event.body.value;
    const search = (query: string, atMs: number) => eventOf(searchOf(userId, query), atMs, { backfill: true });
    return [
      search(`topic ${Number(userId.split('-')[1]) % 4}`, event.occurredAtMs - 60_000),
      event,
      search('something else', event.occurredAtMs),
    ];
  });
}

describe('a trainer with other settings of the ranking model', () => {
  let data: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    data = await temporaryDirectory('ranking-options');
  });
  afterAll(() => data.remove());

  it(
    'publishes a snapshot that serves with them what replay finds again',
    async () => {
      const events = withSearches(syntheticEvents({ userCount: 60, videoCount: 80, dayCount: 6 }));
      await archiveEvents(data.path, events);
      const app = await contextOf(data.path, () => undefined, { WATCHNEXT_RANKING_SETTINGS: JSON.stringify(CHANGE) });
      expect(await trainOnce(app, parseCommand(['--once', '--seed', '7'], { exitOverride: true }))).toBe(0);
      const store = storeOf(data.path);
      const { directory } = await store.fetch((await store.readPointer()) as string);
      const { ranking: model } = await loadModels({ directory } as Parameters<typeof loadModels>[0]);
      expect(model.config).toMatchObject(CHANGE);

      const statistics = statisticsFrom(JSON.parse(await readFile(join(directory, SNAPSHOT_FILES.statistics), 'utf8')));
      const tower = await RankerStack.load(await readFile(join(directory, SNAPSHOT_FILES.ranker)));
      const ranker = new Ranker(model, tower, statistics);
      const own = events.filter(({ body }) => body && 'userId' in body.value && body.value.userId === 'user-3');
      const records = own.map((event, offset): UserRecord => ({
        topic: 'watchnext.activity.v1',
        partition: 0,
        offset,
        event,
      }));
      const { rankingExamples } = replayUser(records, { joinWindowMs: 1, logEndMs: Infinity });
      const state = newState('user-3');
      let rows = 0;
      for (const event of own) {
        if (event.body?.$case === 'impressionsServed') {
          const { context, items, requestId } = event.body.value;
          const offline = rankingExamples.filter((example) => example.requestId === requestId);
          await ranker.score(state, context!, items, false, async ({ user, checksums, logits }) => {
            expect(user.searches.last).toContain('topic');
            for (const [i, { user: replayed, video }] of offline.entries()) {
              const row = new Float32Array(model.inputSize);
              model.writeInput(model.encodeUser(replayed), video, statistics, row, 0);
              expect(checksums[i]).toBe(featuresChecksum(row));
              const served = logits.subarray(i * model.headCount, (i + 1) * model.headCount);
              // To the bit on the served tower; on the model's own as near as another order of sums comes.
              expect(await tower.runRows(row, 1)).toEqual(served.slice());
              runStack(model.tower, row, 1).forEach((logit, head) => expect(served[head]).toBeCloseTo(logit, 4));
              rows++;
            }
          });
        }
        applyEvent(state, event);
      }
      expect(rows).toBeGreaterThan(20);
      await tower.close();
    },
    TEST_LIMIT_MS,
  );
});
