import type { Event, GateCheck, SnapshotManifest } from '@watchnext/contract';
import { DAY_MS } from '@watchnext/features';
import { temporaryDirectory, TEST_LIMIT_MS } from '@watchnext/testing';
import { storeOf, train } from './harness';
import { archiveEvents, FIRST_DAY_MS, syntheticEvents } from './synthetic-log';

const SIZE = { userCount: 60, videoCount: 80, dayCount: 4 };
/** In the course of the last day, after its first three quarters. */
const LATER_MS = FIRST_DAY_MS + 3 * DAY_MS + 17 * 3_600_000;

describe('a new snapshot and the current one', () => {
  let data: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    data = await temporaryDirectory('against-current');
  });
  afterAll(() => data.remove());

  async function trainOn(events: readonly Event[]): Promise<SnapshotManifest> {
    await archiveEvents(data.path, events);
    expect((await train(data.path, '--seed', '7')).printed).toMatch(/is published and current/);
    const store = storeOf(data.path);
    return store.readManifest((await store.readPointer()) as string);
  }
  const checkOf = (manifest: SnapshotManifest, name: string) =>
    manifest.gate?.checks.find((check) => check.name === name) as GateCheck;
  const metricOf = (manifest: SnapshotManifest, name: string) =>
    manifest.metrics.find((metric) => metric.name === name && metric.scorer === 'model')?.value ?? NaN;

  it(
    'are compared on the rows that the current one was judged by, not on what its own lists brought since',
    async () => {
      const before = await trainOn(syntheticEvents(SIZE).filter(({ occurredAtMs }) => occurredAtMs < LATER_MS));
      // Then everyone's taste turns, and no model of the days before can know.
      const turned = syntheticEvents({ ...SIZE, fickle: true }).filter(({ occurredAtMs }) => occurredAtMs >= LATER_MS);
      const after = await trainOn(turned);
      const loss = 'ranking.weighted_per_user_loss';
      expect(metricOf(after, loss)).toBeGreaterThan(metricOf(before, loss) + 0.04);
      const recorded = metricOf(before, loss).toFixed(4);
      // The margin, or more where so few users make it chance.
      const [, held, limit, against] =
        /^weighted per-user loss (\S+), at most (\S+) against (\S+) of \S+ \(recorded on the same days\)$/.exec(
          checkOf(after, 'ranking-no-regression').detail,
        )!;
      expect([held, against]).toEqual([recorded, recorded]);
      expect(Number(limit) - Number(recorded)).toBeGreaterThanOrEqual(0.02);
      expect(Number(limit) - Number(recorded)).toBeLessThan(0.1);
      expect(checkOf(after, 'ranking-no-regression').detail).toContain(before.snapshotId);
      expect(checkOf(after, 'candidates-no-regression').detail).toMatch(
        /^recall@\d+ (0\.\d+), at least 0\.\d+ against \1 of \S+ \(recorded on the same days\)$/,
      );
    },
    TEST_LIMIT_MS,
  );

  it(
    'are both measured on the new days once the current one has not trained on them',
    async () => {
      const later = syntheticEvents({ ...SIZE, dayCount: 6 }).filter(
        ({ occurredAtMs }) => occurredAtMs >= FIRST_DAY_MS + SIZE.dayCount * DAY_MS,
      );
      const after = await trainOn(later);
      for (const name of ['candidates-no-regression', 'ranking-no-regression']) {
        const { detail } = checkOf(after, name);
        expect(detail).toMatch(/both on the same held-out rows of \d+ users: [+-]0\.\d+ \(95%: /);
        expect(detail).toContain(after.parentSnapshotId);
      }
    },
    TEST_LIMIT_MS,
  );
});
