/** What a replay that looks at the end of the log only makes of it, beside one of all of it. */
import { type CandidateExample, hash53, type ImpressionCounts, type RankingExample } from '@watchnext/features';
import type { ReplayedLog } from '@watchnext/offline';
import { candidateText, rankingText } from './digest';

export interface ModelDifference {
  /** Of the window. */
  readonly examples: number;
  /** Of these, the whole log's replay has another or none. */
  readonly differing: number;
  /** Of the whole log's replay, from the first of the window's on, the window has none. */
  readonly missing: number;
}

export interface WindowDifference {
  readonly candidate: ModelDifference;
  readonly ranking: ModelDifference;
  /** Impressions with other counts of their video than in the whole log, in a replay of which they are examples. */
  readonly differingCounts: number;
}

export function windowDifference(windowed: ReplayedLog, whole: ReplayedLog): WindowDifference {
  const isIn = (atMs: number) => atMs >= windowed.fromMs;
  return {
    candidate: compared(
      windowed.candidateExamples,
      whole.candidateExamples.filter(({ labelAtMs }) => isIn(labelAtMs)),
      candidateKey,
      candidateText,
    ),
    ranking: compared(
      windowed.rankingExamples,
      whole.rankingExamples.filter(({ servedAtMs }) => isIn(servedAtMs)),
      ({ impressionId }) => impressionId,
      rankingText,
    ),
    differingCounts: windowed.rankingExamples.filter(
      (example) => countsText(windowed, example) !== countsText(whole, example),
    ).length,
  };
}

const candidateKey = ({ userId, labelVideoId, labelAtMs }: CandidateExample) =>
  `${userId}\n${labelVideoId}\n${labelAtMs}`;

function compared<Example>(
  windowed: readonly Example[],
  whole: readonly Example[],
  keyOf: (example: Example) => string,
  textOf: (example: Example) => string,
): ModelDifference {
  const expected = new Map(whole.map((example) => [keyOf(example), hash53(textOf(example))]));
  let differing = 0;
  for (const example of windowed) {
    const key = keyOf(example);
    if (expected.get(key) !== hash53(textOf(example))) differing++;
  }
  const keys = new Set(windowed.map(keyOf));
  const missing = [...expected.keys()].filter((key) => !keys.has(key)).length;
  return { examples: windowed.length, differing, missing };
}

/** Of seconds the last digits hang on the order in which they were added up. */
function countsText({ statistics }: ReplayedLog, { servedAtMs, video }: RankingExample): string {
  const counts: Partial<ImpressionCounts> = statistics.asOf(servedAtMs).ofVideo(video.videoId) ?? {};
  return [counts.impressionCount, counts.clickCount, counts.watchCount].join();
}
