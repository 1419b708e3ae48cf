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
  // A user may watch a video twice in one millisecond of a log: of one key there may be several.
  const expected = new Map<string, number[]>();
  for (const example of whole) {
    const texts = expected.get(keyOf(example));
    if (texts) texts.push(hash53(textOf(example)));
    else expected.set(keyOf(example), [hash53(textOf(example))]);
  }
  let differing = 0;
  const strangers: string[] = [];
  for (const example of windowed) {
    const key = keyOf(example);
    const texts = expected.get(key) ?? [];
    const index = texts.indexOf(hash53(textOf(example)));
    if (index >= 0) texts.splice(index, 1);
    else {
      differing++;
      strangers.push(key);
    }
  }
  // What is left over has another in its place, or none.
  for (const key of strangers) expected.get(key)?.pop();
  const missing = [...expected.values()].reduce((sum, texts) => sum + texts.length, 0);
  return { examples: windowed.length, differing, missing };
}

/** Of seconds the last digits hang on the order in which they were added up. */
function countsText({ statistics }: ReplayedLog, { servedAtMs, video }: RankingExample): string {
  const counts: Partial<ImpressionCounts> = statistics.asOf(servedAtMs).ofVideo(video.videoId) ?? {};
  return [counts.impressionCount, counts.clickCount, counts.watchCount].join();
}
