import type { Ranking } from '../clients/model-clients';
import type { Draft, RankedCandidate } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { isOfTwoSnapshots } from './interleave';
import { rankRequest, withScores } from './rank';

/**
 * Asks ranking for the checksums of items that caps or chance lifted from further down than those it gave them for: each item
 * is logged with its own. A failure costs the checksum of those items, not the answer: replay then has nothing to compare.
 */
export function checksumsStage(ranking: Ranking): Stage<Draft> {
  return {
    name: 'checksums',
    timeShare: 0.5,
    // An interleaved list of two snapshots has none.
    applies: (draft) => draft.page.some(lacksChecksum) && !isOfTwoSnapshots(draft),
    run: async (draft, limits) => {
      const lacking = draft.page.filter(lacksChecksum);
      const response = await ranking.rank(rankRequest(draft, lacking), draft.request.callId, limits);
      const found = new Map(withScores(lacking, response).map((item) => [item.videoId, item.featuresChecksum]));
      const page = draft.page.map((item) =>
        lacksChecksum(item) ? { ...item, featuresChecksum: found.get(item.videoId) } : item,
      );
      return { patch: { page } };
    },
    failOpen: { name: 'without-checksums', recover: (draft, failure) => ({ failures: [...draft.failures, failure] }) },
  };
}

const lacksChecksum = ({ score, featuresChecksum }: RankedCandidate): boolean =>
  score !== undefined && featuresChecksum === undefined;
