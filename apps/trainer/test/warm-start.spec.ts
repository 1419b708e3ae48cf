import { temporaryDirectory } from '@watchnext/testing';
import { loadModels } from '@watchnext/offline';
import { parseCommand } from '../src/cli';
import { earlierModel } from '../src/stages/earlier-model';
import { trainOnce } from '../src/train-once';
import { contextOf, storeOf } from './harness';
import { archiveEvents, DAY_MS, FIRST_DAY_MS, syntheticEvents } from './synthetic-log';

const TEST_LIMIT_MS = 180_000;
const SIZE = { userCount: 60, videoCount: 80, dayCount: 6 };
const FIRST_END_MS = FIRST_DAY_MS + 3 * DAY_MS;

describe('a trainer that starts warm', () => {
  let data: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    data = await temporaryDirectory('warm-start');
  });
  afterAll(() => data.remove());

  it(
    'begins with the snapshot before, but never with one that has seen the days it is measured on',
    async () => {
      const store = storeOf(data.path);
      expect(await earlierModel(store, Infinity)).toEqual({ origin: 'there is no snapshot yet' });

      const all = syntheticEvents(SIZE);
      const train = async () => {
        const app = await contextOf(data.path, () => undefined, { WATCHNEXT_WARM_START: 'true' });
        expect(await trainOnce(app, parseCommand(['--once', '--seed', '7'], { exitOverride: true }))).toBe(0);
        const snapshotId = (await store.readPointer()) as string;
        return { snapshotId, manifest: await store.readManifest(snapshotId) };
      };
      await archiveEvents(
        data.path,
        all.filter(({ occurredAtMs }) => occurredAtMs < FIRST_END_MS),
      );
      const first = await train();
      const { toMs } = first.manifest.window!;
      const may = await earlierModel(store, toMs);
      expect(may.origin).toBe(first.snapshotId);
      const { candidate } = await loadModels(await store.fetch(first.snapshotId));
      expect(may.model!.videoVectors).toEqual(candidate.videoVectors);
      expect(await earlierModel(store, toMs - 1)).toEqual({
        origin: `${first.snapshotId} has trained on the held-out days`,
      });

      await archiveEvents(
        data.path,
        all.filter(({ occurredAtMs }) => occurredAtMs >= FIRST_END_MS),
      );
      const second = await train();
      expect(second.manifest.parentSnapshotId).toBe(first.snapshotId);
      // Those days came after the first snapshot: it was a start that may be.
      expect(second.manifest.window!.evaluatedFromMs).toBeGreaterThanOrEqual(toMs);
    },
    TEST_LIMIT_MS,
  );
});
