/** Brings the proposals of all sources together into one list of candidates, each video once. */
import { SOURCES, type BlendedCandidate, type Proposal, type Source } from '../pipeline/draft';
import { ContractViolation } from '../pipeline/failure';

export type BlendQuotas = Readonly<Record<Source, number>>;

/**
 * Takes up to `quotas[source]` proposals of each source in the order they are given (a source's best first).
 *
 * Keeps: each video once; the order of sources in `SOURCES`, and within a source its own order.
 * @throws ContractViolation for a proposal that the filters should have removed
 */
export function blend(proposals: readonly Proposal[], quotas: BlendQuotas): BlendedCandidate[] {
  const taken = new Map<string, { video: BlendedCandidate['video']; sources: { source: Source; score: number }[] }>();
  for (const source of SOURCES) {
    let left = quotas[source];
    for (const proposal of proposals) {
      if (proposal.source !== source) continue;
      if (left-- <= 0) break;
      if (!proposal.video) throw new ContractViolation(`video ${proposal.videoId} of unknown facts reached the blend`);
      const candidate = taken.get(proposal.videoId);
      if (candidate) candidate.sources.push({ source, score: proposal.score });
      else taken.set(proposal.videoId, { video: proposal.video, sources: [{ source, score: proposal.score }] });
    }
  }
  return [...taken].map(([videoId, { video, sources }]) => ({ videoId, video, sources }));
}
