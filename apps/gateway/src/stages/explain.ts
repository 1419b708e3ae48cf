import type { Ranking } from '../clients/model-clients';
import type { Draft } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { LADDER_STAGES } from '../pipeline/ladder';
import { isOfTwoSnapshots } from './interleave';
import { rankRequest } from './rank';

/**
 * Asks ranking why the page's items scored as they did; "average" is the average of the page. The page alone is
 * explained, since the parts of a score cost ranking one more row per feature group. An interleaved list of two
 * snapshots is not: either would explain scores of the other.
 */
export function explainStage(ranking: Ranking): Stage<Draft> {
  return {
    name: 'explain',
    timeShare: 0.5,
    applies: ({ request, page, failures }) =>
      request.explain && page.length > 0 && !failures.some(({ stage }) => stage === LADDER_STAGES.ranking),
    run: async (draft, limits) => {
      if (isOfTwoSnapshots(draft)) return { patch: unexplained(draft, 'the list is of two snapshots') };
      const { scores } = await ranking.rank(
        rankRequest(draft, draft.page, { explain: true }),
        draft.request.callId,
        limits,
      );
      const explanations = new Map(scores.map(({ videoId, features, parts }) => [videoId, { features, parts }]));
      return { patch: { explanations } };
    },
    failOpen: {
      name: 'without-explanation',
      recover: (draft, failure) => ({
        failures: [...draft.failures, failure],
        ...unexplained(draft, failure.message),
      }),
    },
  };
}

const unexplained = ({ warnings }: Draft, why: string) => ({
  warnings: [...warnings, `the scores are not explained: ${why}`],
});
