import type { RankRequest } from '@watchnext/contract';
import { catalogueVideo } from '@watchnext/features';
import type { Ranking } from '../clients/model-clients';
import type { Draft, RankedCandidate } from '../pipeline/draft';
import { runStages, type Stage } from '../pipeline/executor';
import { explainStage } from './explain';
import { interleaveStage } from './interleave';

const ranked = ['a', 'b', 'c'].map((videoId): RankedCandidate => ({
  videoId,
  video: catalogueVideo(videoId),
  sources: [{ source: 'retrieval', score: 1 }],
  score: 1,
  featuresChecksum: 1,
}));

/** The explained draft of a list drafted from the current snapshot and that of the treatment, with what ranking was asked. */
async function explained(treatment: { readonly snapshotId?: string }) {
  const asked: RankRequest[] = [];
  const ranking = {
    rank: async (request: RankRequest) => {
      asked.push(request);
      const scores = request.candidates.map(({ videoId }) => ({ videoId, features: [], parts: [] }));
      return { snapshotId: 'current', scores, heldSnapshotIds: [] };
    },
  } as unknown as Ranking;
  const variants = [
    { name: 'control', serving: {} },
    { name: 'treatment', serving: treatment },
  ];
  const draft = {
    request: { requestId: 'r', callId: 'r', explain: true },
    state: { seenEvents: [] },
    serving: {},
    assignments: [{ experiment: { name: 'try', design: 'interleaved', variants }, variant: variants[0] }],
    explanations: new Map(),
    failures: [],
    warnings: [],
  } as unknown as Draft;
  const rank: Stage<Draft> = {
    name: 'rank',
    timeShare: 1,
    run: ({ snapshotId }) => ({ patch: { ranked, snapshotId: snapshotId || 'current' } }),
  };
  const place: Stage<Draft> = {
    name: 'place',
    timeShare: 1,
    run: (one) => ({
      patch: { page: one.ranked.map((item, position) => ({ ...item, position, propensity: 1, rules: [] })) },
    }),
  };
  const limits = { deadlineAtMs: Date.now() + 60_000, signal: new AbortController().signal, isHurried: false };
  const stages = [interleaveStage([rank], () => undefined), place, explainStage(ranking)];
  return { asked, draft: await runStages(stages, draft, limits, () => undefined) };
}

describe('an interleaved list', () => {
  it('is explained by the snapshot that made it', async () => {
    const { asked, draft } = await explained({});
    expect(asked).toEqual([expect.objectContaining({ snapshotId: 'current', explain: true })]);
    expect([...draft.explanations.keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(draft.warnings).toEqual([]);
  });

  it('is not explained where two did, and says so', async () => {
    const { asked, draft } = await explained({ snapshotId: 'other' });
    expect(draft.page.map(({ team }) => team)).toContain('treatment');
    expect(asked).toEqual([]);
    expect(draft.explanations.size).toBe(0);
    expect(draft.warnings).toEqual(['the scores are not explained: the list is of two snapshots']);
  });
});
