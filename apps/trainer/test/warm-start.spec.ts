import { DAY_MS } from '@watchnext/features';
import { temporaryDirectory, TEST_LIMIT_MS } from '@watchnext/testing';
import { loadModels } from '@watchnext/offline';
import type { Logger } from '@watchnext/service';
import { parseCommand } from '../src/cli';
import { earlierModel } from '../src/stages/earlier-model';
import { trainOnce } from '../src/train-once';
import { LOGGER } from '../src/tokens';
import { contextOf, modelDigests, storeOf } from './harness';
import { archiveEvents, FIRST_DAY_MS, syntheticEvents } from './synthetic-log';

const SIZE = { userCount: 60, videoCount: 80, dayCount: 6 };
const FIRST_END_MS = FIRST_DAY_MS + 3 * DAY_MS;

describe('a trainer that starts warm', () => {
  let data: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    data = await temporaryDirectory('warm-start');
  });
  afterAll(() => data.remove());

  it(
    'begins with a snapshot before, but never with one that has seen the days it is measured on',
    async () => {
      const store = storeOf(data.path);
      expect(await earlierModel(store, Infinity)).toEqual({ origin: 'there is no snapshot yet' });

      const all = syntheticEvents(SIZE);
      const train = async () => {
        const app = await contextOf(data.path, () => undefined, {
          WATCHNEXT_WARM_START: 'true',
          WATCHNEXT_RANKING_WARM_START: 'true',
        });
        const said = jest.spyOn(app.get<Logger>(LOGGER), 'info');
        expect(await trainOnce(app, parseCommand(['--once', '--seed', '7'], { exitOverride: true }))).toBe(0);
        const snapshotId = (await store.readPointer()) as string;
        const beginnings = said.mock.calls.flatMap(([facts]) => {
          const { beganWith, candidatesBeganWith, rankingBeganWith } = facts as Record<string, string | undefined>;
          return [beganWith, candidatesBeganWith, rankingBeganWith].filter((text) => text !== undefined);
        });
        return { snapshotId, manifest: await store.readManifest(snapshotId), beginnings };
      };
      await archiveEvents(
        data.path,
        all.filter(({ occurredAtMs }) => occurredAtMs < FIRST_END_MS),
      );
      const first = await train();
      const nothing = 'there is no snapshot yet';
      expect(first.beginnings).toEqual([
        `nothing: ${nothing}`,
        `nothing: ${nothing}`,
        expect.stringMatching(/^the evaluated model: [1-9]\d* videos kept, \d+ new, tower kept$/),
        expect.stringMatching(/^the evaluated model: [1-9]\d* videos kept, \d+ new$/),
      ]);
      const { toMs } = first.manifest.window!;
      const may = await earlierModel(store, toMs + 1);
      expect(may.origin).toBe(first.snapshotId);
      const { candidate, ranking } = await loadModels(await store.fetch(first.snapshotId));
      expect(may.candidate!.model.videoVectors).toEqual(candidate.videoVectors);
      expect([may.candidate!.untilMs, may.ranking!.untilMs]).toEqual([toMs + 1, toMs + 1]);
      expect(may.ranking!.model.toParts()).toEqual(ranking.toParts());
      // What it has learned from at that moment would be asked for again.
      expect(await earlierModel(store, toMs)).toEqual({
        origin: `${first.snapshotId} has trained on the held-out days`,
      });

      await archiveEvents(
        data.path,
        all.filter(({ occurredAtMs }) => occurredAtMs >= FIRST_END_MS),
      );
      const second = await train();
      expect(second.manifest.parentSnapshotId).toBe(first.snapshotId);
      // Those days came after the first snapshot: it was a start that may be.
      expect(second.manifest.window!.evaluatedFromMs).toBeGreaterThan(toMs);
      expect(second.beginnings).toEqual([
        expect.stringMatching(new RegExp(`^${first.snapshotId}: [1-9]\\d* videos kept, \\d+ new, tower kept$`)),
        expect.stringMatching(new RegExp(`^${first.snapshotId}: [1-9]\\d* videos kept, \\d+ new$`)),
        expect.stringMatching(/^the evaluated model: [1-9]\d* videos kept, \d+ new, tower kept$/),
        expect.stringMatching(/^the evaluated model: [1-9]\d* videos kept, \d+ new$/),
      ]);

      // As some hours later: the current snapshot has seen these days, the one before it has not. So the run is the same once more, to the bit.
      const digests = await modelDigests(data.path);
      const third = await train();
      expect(third.manifest.parentSnapshotId).toBe(second.snapshotId);
      expect(third.beginnings).toEqual(second.beginnings);
      expect(await modelDigests(data.path)).toEqual(digests);
    },
    TEST_LIMIT_MS,
  );
});
