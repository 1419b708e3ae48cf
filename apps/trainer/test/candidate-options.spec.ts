import { loadModels } from '@watchnext/offline';
import { temporaryDirectory, TEST_LIMIT_MS } from '@watchnext/testing';
import { parseCommand } from '../src/cli';
import { trainOnce } from '../src/train-once';
import { contextOf, expectServedAsTrained, storeOf } from './harness';
import { archiveEvents, syntheticEvents } from './synthetic-log';

const CHANGE = { historyEncoder: 'time-heads', temperature: 0.2, negativeCount: 20, inBatchShare: 0.5, interests: 2 };

describe('a trainer with other settings of the candidate model', () => {
  let data: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    data = await temporaryDirectory('candidate-options');
  });
  afterAll(() => data.remove());

  it(
    'publishes a snapshot that serves with them',
    async () => {
      await archiveEvents(data.path, syntheticEvents({ userCount: 60, videoCount: 80, dayCount: 6 }));
      const app = await contextOf(data.path, () => undefined, {
        WATCHNEXT_CANDIDATE_SETTINGS: JSON.stringify(CHANGE),
      });
      expect(await trainOnce(app, parseCommand(['--once', '--seed', '7'], { exitOverride: true }))).toBe(0);
      const store = storeOf(data.path);
      const local = await store.fetch((await store.readPointer()) as string);
      const { candidate } = await loadModels(local);
      expect(candidate.config).toMatchObject(CHANGE);
      const { dimensions } = candidate.config;
      for (let video = 0; video < candidate.videoCount; video++) {
        const vector = candidate.videoVectors.subarray(video * dimensions, (video + 1) * dimensions);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      }

      const features = {
        watchedVideoIds: ['video-1', 'video-5', 'video-9'],
        watchedAtMs: [0, 3_600_000, 3_700_000],
        searchTokens: [],
        country: 'DE',
        device: 'phone',
        loggedIn: true,
        ageYears: 30,
        gender: 0,
      };
      expect(candidate.userVector(features, 0)).toHaveLength(2 * dimensions);
      await expectServedAsTrained(local, candidate, features);
    },
    TEST_LIMIT_MS,
  );
});
