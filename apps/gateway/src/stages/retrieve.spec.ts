import type { RetrieveRequest } from '@watchnext/contract';
import { HOUR_MS, newState } from '@watchnext/features';
import type { Retrieval } from '../clients/model-clients';
import type { Draft } from '../pipeline/draft';
import { retrieveStage } from './retrieve';

const NOW_MS = 1_790_000_000_000;

async function askedFor(fatigue: { impressionCount: number; restMs: number }): Promise<RetrieveRequest> {
  let asked: RetrieveRequest | undefined;
  const retrieval = {
    retrieve: async (request: RetrieveRequest) => {
      asked = request;
      return { snapshotId: 's', candidates: [], heldSnapshotIds: ['s'] };
    },
  } as unknown as Retrieval;
  const exposures = [
    { videoId: 'often', impressionCount: 5, lastShownAtMs: NOW_MS - HOUR_MS },
    { videoId: 'long ago', impressionCount: 5, lastShownAtMs: NOW_MS - 30 * HOUR_MS },
    { videoId: 'once', impressionCount: 1, lastShownAtMs: NOW_MS - HOUR_MS },
  ];
  const draft = {
    request: { callId: 'r', requestedAtMs: NOW_MS, shown: new Set() },
    state: { ...newState('ada'), exposures },
    serving: {},
    snapshotId: '',
    warnings: [],
    failures: [],
  } as unknown as Draft;
  const limits = { deadlineAtMs: Date.now() + 1_000, signal: new AbortController().signal, isHurried: false };
  await retrieveStage(retrieval, 200, fatigue).run(draft, limits);
  return asked!;
}

describe('what retrieval is asked to leave out', () => {
  it('is what the viewer is tired of, so that its candidates are of videos that may be shown', async () => {
    const { excludeVideoIds, candidateCount } = await askedFor({ impressionCount: 3, restMs: 24 * HOUR_MS });
    expect([excludeVideoIds, candidateCount]).toEqual([['often'], 200]);
  });

  it('is nothing where nothing ever rests', async () => {
    expect((await askedFor({ impressionCount: 1, restMs: 0 })).excludeVideoIds).toEqual([]);
  });
});
