import type { Draft } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { placeDiversely } from './place';

/** The page: the best candidates, no channel filling it. */
export function diversifyStage(channelCap: number): Stage<Draft> {
  return {
    name: 'diversify',
    timeShare: 1,
    run: ({ ranked, request, serving }) => ({
      patch: { page: placeDiversely(ranked, request.limit, serving.channelCap ?? channelCap) },
    }),
  };
}
