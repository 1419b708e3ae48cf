import { MAX_CANDIDATES, type RankCandidate, type RankResponse } from '@watchnext/contract';
import type { Ranking } from '../clients/model-clients';
import { SnapshotMissingError } from '../clients/rpc-failure';
import { type BlendedCandidate, type Draft, type RankedCandidate, SOURCES } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { DependencyError } from '../pipeline/failure';
import { LADDER_STAGES } from '../pipeline/ladder';
import { isLeftOut } from './assign';
import { isOfExperiment, snapshotNotLoaded } from './experiment-snapshot';
import { byExpectedWatchSeconds, bySourceScore } from './place';

/**
 * Checksums asked for: of so many of the best for each place of the page, from which caps and chance fill nearly every one. Of what
 * they lift from further down `checksumsStage` asks for them afterwards.
 */
const CHECKSUMS_PER_PLACE = 3;

/**
 * Orders the candidates by expected watch seconds, from the snapshot that retrieval answered with. Where ranking does
 * not hold that one, the request starts again at retrieval with the latest snapshot that both may serve anyone with. Where ranking
 * fails, the order is that of the sources' scores.
 */
export function rankStage(ranking: Ranking): Stage<Draft> {
  return {
    name: LADDER_STAGES.ranking,
    timeShare: 0.6,
    run: async (draft, limits) => {
      if (isLeftOut(draft, LADDER_STAGES.ranking)) return { patch: { ranked: inSourceOrder(draft) } };
      const candidates = draft.candidates.slice(0, MAX_CANDIDATES);
      if (candidates.length === 0) return { patch: { ranked: [] } };
      const request = rankRequest(draft, candidates, { checksumCount: CHECKSUMS_PER_PLACE * draft.request.limit });
      let response: RankResponse;
      try {
        response = await ranking.rank(request, draft.request.callId, limits);
      } catch (error) {
        if (!(error instanceof SnapshotMissingError)) throw error;
        const common = commonSnapshot(draft, error.heldIds);
        if (common === undefined || common === draft.snapshotId) throw error;
        const warnings = isOfExperiment(draft) ? [snapshotNotLoaded(draft.snapshotId)] : [];
        return {
          patch: { snapshotId: common, warnings: [...draft.warnings, ...warnings] },
          restart: { at: restartStage(draft), otherwise: error },
        };
      }
      return { patch: { ranked: withScores(candidates, response), snapshotId: response.snapshotId } };
    },
    failOpen: {
      name: 'source-order',
      recover: (draft, failure) => ({
        ranked: inSourceOrder(draft),
        failures: [...draft.failures, failure],
      }),
    },
  };
}

/**
 * The latest snapshot that ranking and, if retrieval is part of this answer, retrieval have both had as their current one;
 * never one that is loaded for an experiment alone.
 */
export function commonSnapshot(
  { retrieved, retrievalHolds }: Pick<Draft, 'retrieved' | 'retrievalHolds'>,
  rankingHolds: readonly string[],
): string | undefined {
  if (retrieved.length === 0) return rankingHolds[0];
  const held = new Set(retrievalHolds);
  return rankingHolds.find((snapshotId) => held.has(snapshotId));
}

const restartStage = ({ retrieved }: Draft) =>
  retrieved.length === 0 ? LADDER_STAGES.ranking : LADDER_STAGES.retrieval;

export function rankRequest(
  draft: Draft,
  candidates: readonly BlendedCandidate[],
  { explain = false, checksumCount = 0 }: { readonly explain?: boolean; readonly checksumCount?: number } = {},
) {
  return {
    state: draft.state,
    context: draft.context,
    candidates: candidates.map(asRankCandidate),
    snapshotId: draft.snapshotId,
    explain,
    checksumCount,
  };
}

function asRankCandidate({ videoId, video, sources }: BlendedCandidate): RankCandidate {
  const [{ source, score }] = sources as [BlendedCandidate['sources'][number]];
  return { videoId, video: video.facts, source, sourceScore: score };
}

/** @throws DependencyError unless ranking gave a finite score to each candidate, in the order given */
export function withScores(candidates: readonly BlendedCandidate[], response: RankResponse): RankedCandidate[] {
  if (response.scores.length !== candidates.length) {
    throw broken(`scored ${response.scores.length} of ${candidates.length} candidates`);
  }
  const ranked = candidates.map(({ videoId, video, sources }, index) => {
    const { videoId: answered, expectedWatchSeconds, featuresChecksum } = response.scores[index]!;
    if (answered !== videoId) throw broken(`answered for ${answered} where ${videoId} was asked`);
    if (!Number.isFinite(expectedWatchSeconds)) throw broken(`scored ${videoId} ${expectedWatchSeconds}`);
    const score = expectedWatchSeconds;
    return { videoId, video, sources, score, featuresChecksum: featuresChecksum === 0 ? undefined : featuresChecksum };
  });
  return ranked.sort(byExpectedWatchSeconds);
}

/** Another program's breach of contract costs a rung, as its absence would. */
const broken = (what: string) => new DependencyError('ranking', 'dependency-failed', what);

const inSourceOrder = ({ candidates }: Draft): RankedCandidate[] =>
  candidates.map(withoutScore).sort(bySourceScore(SOURCES));

const withoutScore = (candidate: BlendedCandidate): RankedCandidate => ({
  ...candidate,
  score: undefined,
  featuresChecksum: undefined,
});
