import { NO_CIRCUMSTANCES, StatisticsTimeline } from '@watchnext/features';
import type { ReplayedLog } from '@watchnext/offline';
import { windowDifference } from './window-difference';

const candidate = (labelAtMs: number, watchedVideoIds: readonly string[] = []) => ({
  userId: 'u',
  labelVideoId: 'v',
  labelAtMs,
  features: { ...NO_CIRCUMSTANCES, watchedVideoIds },
});

const logOf = (fromMs: number, candidateExamples: ReplayedLog['candidateExamples']): ReplayedLog => ({
  candidateExamples,
  rankingExamples: [],
  completedWatches: [],
  statistics: new StatisticsTimeline(),
  facts: new Map(),
  recordCount: 0,
  userCount: 0,
  fromMs,
  toMs: 9,
});

describe('what a window makes of the end of a log', () => {
  const whole = logOf(1, [candidate(1), candidate(5, ['a']), candidate(6, ['a', 'b']), candidate(7)]);
  const differenceOf = (examples: ReplayedLog['candidateExamples']) =>
    windowDifference(logOf(5, examples), whole).candidate;

  it('differs in nothing where all from its first example on are there as they are in the whole', () => {
    expect(differenceOf(whole.candidateExamples.slice(1))).toEqual({ examples: 3, differing: 0, missing: 0 });
  });

  it('counts examples with other features, those that the whole has not, and those that are missing', () => {
    expect(differenceOf([candidate(5, ['a']), candidate(6, ['b']), candidate(8)])).toEqual({
      examples: 3,
      differing: 2,
      missing: 1,
    });
  });
});
