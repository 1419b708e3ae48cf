/** Brings the proposals of all sources together into one list of candidates, each video once. */
import { SOURCES, type BlendedCandidate, type Proposal, type Source } from '../pipeline/draft';
import { ContractViolation } from '../pipeline/failure';

interface Blending extends BlendedCandidate {
  readonly sources: { readonly source: Source; readonly score: number }[];
}

/**
 * Keeps: each video once, where it was proposed first, with its sources in the order of the proposals.
 * @param proposals source by source in the order of `SOURCES`, of each no more than are wanted
 * @throws ContractViolation for proposals in another order, and for one that the filters should have removed
 */
export function blend(proposals: readonly Proposal[]): BlendedCandidate[] {
  const candidates = new Map<string, Blending>();
  let place = 0;
  for (const { videoId, source, score, video } of proposals) {
    const placeOfSource = SOURCES.indexOf(source);
    if (placeOfSource < place)
      throw new ContractViolation(`a proposal of ${source} reached the blend after those of ${SOURCES[place]}`);
    place = placeOfSource;
    if (!video) throw new ContractViolation(`video ${videoId} of unknown facts reached the blend`);
    const candidate = candidates.get(videoId);
    if (candidate) candidate.sources.push({ source, score });
    else candidates.set(videoId, { videoId, video, sources: [{ source, score }] });
  }
  return [...candidates.values()];
}
