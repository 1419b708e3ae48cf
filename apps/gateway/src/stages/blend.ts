import type { Draft } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { blend } from '../sources/blend';

/** One list of candidates, each once, with all its sources. */
export function blendStage(): Stage<Draft> {
  return {
    name: 'blend',
    timeShare: 1,
    run: ({ proposals }) => ({ patch: { candidates: blend(proposals) } }),
  };
}
