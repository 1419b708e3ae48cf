/**
 * Examples as objects that hold what they say. Those of a replay read it out of columns each time that they are asked, and
 * have nothing of their own that another process could be sent; the paper's experiments ask each of them hundreds of times.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CandidateExample, RankingExample, RankingUserFeatures } from '@watchnext/features';

export function plainCandidate({ userId, labelVideoId, labelAtMs, features }: CandidateExample): CandidateExample {
  return { userId, labelVideoId, labelAtMs, features: { ...features } };
}

/** Impressions of one list, which stand side by side, share their user. */
export function plainImpressions(examples: readonly RankingExample[]): RankingExample[] {
  let last: RankingUserFeatures | undefined;
  return examples.map((example) => {
    const { userId, requestId, pageId, impressionId, servedAtMs, position, clicked, watchSeconds } = example;
    const { videoId, channelId, topics, source, numbers } = example.video;
    const asked = plainUser(example.user);
    const user = isDeepStrictEqual(last, asked) ? last! : asked;
    last = user;
    return {
      ...{ userId, requestId, pageId, impressionId, servedAtMs, position, clicked, watchSeconds },
      user,
      video: { videoId, channelId, topics, source, numbers },
      served: { ...example.served },
    };
  });
}

function plainUser(user: RankingUserFeatures): RankingUserFeatures {
  const { userId, lastWatchedVideoId, seedVideoId, surface, country, device, searches, numbers } = user;
  return { userId, lastWatchedVideoId, seedVideoId, surface, country, device, searches: { ...searches }, numbers };
}
