/** Examples as the paper's experiments want them: with features left out, with labels held out at random, users set aside. */
import { HISTORY_LENGTH } from '@watchnext/candidate-model';
import type { CandidateExample, CandidateFeatures } from '@watchnext/features';
import type { FeatureSet } from './units';

/** The features of a set; example age is the model's own input, and left out by its settings. */
export function onlyFeatures<Example extends { readonly features: CandidateFeatures }>(
  example: Example,
  set: FeatureSet,
): Example {
  if (set === 'all') return example;
  const { features } = example;
  const searchTokens = set === 'watches' ? [] : features.searchTokens;
  const nobody = { country: '', device: '', loggedIn: false, ageYears: 0, gender: 0 };
  return { ...example, features: { ...features, ...nobody, searchTokens } };
}

/**
 * The paper's Fig. 5a: each watch as a label whose input is what the user watched around it, before and after.
 *
 * @param examples with `next` labels; each user's become a sequence, in order of time
 */
export function withContextAround(examples: readonly CandidateExample[]): CandidateExample[] {
  const byUser = new Map<string, CandidateExample[]>();
  for (const example of examples) {
    const own = byUser.get(example.userId);
    if (own) own.push(example);
    else byUser.set(example.userId, [example]);
  }
  return [...byUser.values()].flatMap((own) => {
    own.sort((a, b) => a.labelAtMs - b.labelAtMs);
    // What the first of them was watched after is known too.
    const before = own[0].features.watchedVideoIds;
    const sequence = [...before, ...own.map(({ labelVideoId }) => labelVideoId)];
    return own.map((example, i): CandidateExample => {
      const place = before.length + i;
      const from = Math.max(0, Math.min(place - HISTORY_LENGTH / 2, sequence.length - 1 - HISTORY_LENGTH));
      const around = sequence.slice(from, from + HISTORY_LENGTH + 1);
      around.splice(place - from, 1);
      const { watchedAtMs: _, ...features } = example.features;
      return { ...example, features: { ...features, watchedVideoIds: around } };
    });
  });
}

/** Every so-manieth user apart, the same for the same ids. */
export function setUsersApart<Example extends { readonly userId: string }>(
  examples: readonly Example[],
  oneIn: number,
) {
  const userIds = [...new Set(examples.map(({ userId }) => userId))].sort();
  const apart = new Set(userIds.filter((_, i) => i % oneIn === 0));
  return {
    kept: examples.filter(({ userId }) => !apart.has(userId)),
    apart: examples.filter(({ userId }) => apart.has(userId)),
  };
}
