import type { Draft } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { type Caps, capsOf } from './caps';
import { placeDiversely } from './place';

/** The page: the best candidates, no channel and no topic filling it. */
export function diversifyStage(caps: Caps): Stage<Draft> {
  return {
    name: 'diversify',
    timeShare: 1,
    run: ({ ranked, request, serving }) => ({
      patch: { page: placeDiversely(ranked, request.limit, capsOf(serving, caps)) },
    }),
  };
}
