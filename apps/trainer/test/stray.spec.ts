/** What is published of a log in which a row was dated by the clock of whoever imported it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Event } from '@watchnext/contract';
import { DAY_MS } from '@watchnext/features';
import { loadModels } from '@watchnext/offline';
import { SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { eventOf, temporaryDirectory, TEST_LIMIT_MS, watchOf } from '@watchnext/testing';
import type { VideoLists } from '../src/stages/video-lists';
import { storeOf, train } from './harness';
import { archiveEvents, FIRST_DAY_MS, syntheticEvents } from './synthetic-log';

const DAY_COUNT = 4;
const GAP_DAYS = 5_000;

/** The log takes no time ahead of the clock, so it is all others that are moved. */
const longAgo = (event: Event) =>
  JSON.parse(JSON.stringify(event), (key, value) =>
    key.endsWith('AtMs') && value > 0 ? value - GAP_DAYS * DAY_MS : value,
  ) as Event;

it(
  'has the end of the log for its clock, not that row',
  async () => {
    const data = await temporaryDirectory('stray');
    const store = storeOf(data.path);
    try {
      const events = syntheticEvents({ userCount: 40, videoCount: 80, dayCount: DAY_COUNT }).map(longAgo);
      const stray = watchOf('user-7', 'video-79', { playbackId: 'stray', positionSeconds: 90 });
      await archiveEvents(data.path, [...events, eventOf(stray, FIRST_DAY_MS, { backfill: true })]);
      expect((await train(data.path, '--seed', '7')).code).toBe(0);
      const local = await store.fetch((await store.readPointer()) as string);
      expect(local.manifest.window!.toMs).toBe(FIRST_DAY_MS);
      const { candidate } = await loadModels(local);
      expect(candidate.ages.days).toBeLessThanOrEqual(DAY_COUNT);
      expect(candidate.ages.leastDays).toBeUndefined();
      const file = await readFile(join(local.directory, SNAPSHOT_FILES.popular), 'utf8');
      const { popular, fresh } = JSON.parse(file) as VideoLists;
      // By the stray's clock all other scores are about 2 ** -1667.
      for (const list of [popular, fresh]) expect(list.filter(({ score }) => score > 0.01).length).toBeGreaterThan(70);
    } finally {
      await store.close();
      await data.remove();
    }
  },
  TEST_LIMIT_MS,
);
