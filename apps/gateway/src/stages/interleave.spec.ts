import { checkExperiments } from '@watchnext/experiments';
import { catalogueVideo } from '@watchnext/features';
import type { Draft, RankedCandidate } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { LADDER_STAGES } from '../pipeline/ladder';
import { isOfExperiment, snapshotNotLoaded } from './experiment-snapshot';
import { interleaveStage } from './interleave';

const CURRENT = 'current';
const { experiments } = checkExperiments({
  layers: [{ name: 'ranking', salt: 'a' }],
  experiments: [
    {
      name: 'drafted',
      hypothesis: 'Viewers prefer the other.',
      layer: 'ranking',
      salt: 'a',
      start: '2026-11-01T00:00:00Z',
      stop: '2026-12-01T00:00:00Z',
      design: 'interleaved',
      variants: [
        { name: 'control', share: 0.5 },
        { name: 'treatment', share: 0.5, serving: { snapshotId: 'other' } },
      ],
    },
  ],
});
const [experiment] = experiments as [(typeof experiments)[number]];

/** Ranks as retrieval and ranking do together: from the current snapshot where the one asked for is not held. */
const rankingOf = (held: readonly string[], warned: string): Stage<Draft> => ({
  name: LADDER_STAGES.ranking,
  timeShare: 1,
  run: (draft) => {
    const isHeld = draft.snapshotId === '' || held.includes(draft.snapshotId);
    const snapshotId = isHeld && draft.snapshotId !== '' ? draft.snapshotId : CURRENT;
    const ranked = ['a', 'b', 'c'].map((name, place): RankedCandidate => {
      const videoId = `${name} of ${snapshotId}`;
      const video = catalogueVideo(videoId);
      return { videoId, video, sources: [], score: 3 - place, featuresChecksum: place };
    });
    const missing = isHeld || !isOfExperiment(draft) ? [] : [snapshotNotLoaded(draft.snapshotId)];
    return { patch: { ranked, snapshotId, warnings: [...draft.warnings, warned, ...missing] } };
  },
});

async function interleave(held: readonly string[]): Promise<Draft> {
  const draft = {
    request: { requestId: 'r' },
    assignments: [{ experiment, variant: experiment.variants[0], overridden: false }],
    serving: {},
    snapshotId: '',
    warnings: ['before'],
    failures: [],
    ranked: [],
  } as unknown as Draft;
  const limits = { deadlineAtMs: Date.now() + 10_000, signal: new AbortController().signal, isHurried: false };
  const { patch } = await interleaveStage([rankingOf(held, 'of both')], () => undefined).run(draft, limits);
  return { ...draft, ...patch };
}

describe('an interleaved list', () => {
  it('is drafted of both rankings, and names no snapshot where they are of two', async () => {
    const { ranked, snapshotId, warnings } = await interleave(['other']);
    expect(new Set(ranked.map(({ team }) => team))).toEqual(new Set(['control', 'treatment']));
    expect(ranked).toHaveLength(6);
    expect(snapshotId).toBe('');
    expect(warnings).toEqual(['before', 'of both']);
  });

  it("is the control's alone, and says why, where the treatment's snapshot is not loaded", async () => {
    const { ranked, snapshotId, warnings } = await interleave([]);
    expect(ranked.map(({ videoId, team }) => [videoId, team])).toEqual(
      ['a', 'b', 'c'].map((name) => [`${name} of ${CURRENT}`, undefined]),
    );
    expect(snapshotId).toBe(CURRENT);
    expect(warnings).toEqual(['before', 'of both', snapshotNotLoaded('other')]);
  });
});
