import type { RankRequest } from '@watchnext/contract';
import { catalogueVideo } from '@watchnext/features';
import type { Ranking } from '../clients/model-clients';
import type { Draft, PlacedItem } from '../pipeline/draft';
import { runStages } from '../pipeline/executor';
import { DependencyError } from '../pipeline/failure';
import { checksumsStage } from './checksums';

const item = (videoId: string, more: Partial<PlacedItem>): PlacedItem => ({
  videoId,
  video: catalogueVideo(videoId),
  sources: [{ source: 'fresh', score: 0.5 }],
  score: 1,
  featuresChecksum: undefined,
  position: 0,
  propensity: 1,
  rules: [],
  ...more,
});

async function completed(page: readonly PlacedItem[], more: Partial<Draft> = {}, isDown = false) {
  const asked: RankRequest[] = [];
  const ranking = {
    rank: async (request: RankRequest) => {
      asked.push(request);
      if (isDown) throw new DependencyError('ranking', 'dependency-unreachable', 'no');
      const scores = request.candidates.map(({ videoId }) => ({
        videoId,
        expectedWatchSeconds: 1,
        featuresChecksum: 70 + videoId.length,
      }));
      return { snapshotId: 's', scores, heldSnapshotIds: [] };
    },
  } as unknown as Ranking;
  const draft = { request: { callId: 'r' }, snapshotId: 's', page, ranked: page, failures: [], ...more };
  const limits = { deadlineAtMs: Date.now() + 60_000, signal: new AbortController().signal, isHurried: false };
  const result = await runStages([checksumsStage(ranking)], draft as unknown as Draft, limits, () => undefined);
  return { asked, checksums: result.page.map(({ featuresChecksum }) => featuresChecksum), failures: result.failures };
}

describe('the checksums of a page', () => {
  it('are asked for where ranking did not give them, of those items alone and by the same snapshot', async () => {
    const { asked, checksums } = await completed([
      item('a', { featuresChecksum: 1 }),
      item('lifted', {}),
      item('c', { featuresChecksum: 3 }),
    ]);
    expect(checksums).toEqual([1, 76, 3]);
    expect(asked).toEqual([expect.objectContaining({ snapshotId: 's', checksumCount: 0, explain: false })]);
    expect(asked[0]!.candidates).toEqual([
      expect.objectContaining({ videoId: 'lifted', source: 'fresh', sourceScore: 0.5 }),
    ]);
  });

  it.each([
    ['has them all', [item('a', { featuresChecksum: 1 })], {}],
    ['was not ranked', [item('a', { score: undefined })], {}],
    ['is of two snapshots', [item('a', { team: 'control' })], { snapshotId: '' }],
  ])('are not asked for where it %s', async (_, page, more) => {
    const { asked, checksums } = await completed(page, more);
    expect([asked, checksums]).toEqual([[], page.map(({ featuresChecksum }) => featuresChecksum)]);
  });

  it('are left out where ranking is gone by then: the list is answered', async () => {
    const { checksums, failures } = await completed([item('lifted', {})], {}, true);
    expect(checksums).toEqual([undefined]);
    expect(failures).toEqual([expect.objectContaining({ stage: 'checksums' })]);
  });
});
