/** Watches of what the history holds, which lists leave out. */
import type { CandidateExample } from '@watchnext/features';

/** Serving leaves out what is in the history, among others: nobody can be asked about it, and to expect it is of no use. */
export function isRewatch({ labelVideoId, features }: CandidateExample): boolean {
  return features.watchedVideoIds.includes(labelVideoId);
}

/** What a model may be asked about. @param rewatches whether lists may hold what was watched */
export function askedOf(examples: readonly CandidateExample[], rewatches = false): readonly CandidateExample[] {
  return rewatches ? examples : examples.filter((example) => !isRewatch(example));
}

/**
 * What a model learns from: what it may be asked about, or all where there is nothing else. Where most of a log is watched again and
 * again, as songs are, a model of all of it expects what it may not list (decision 202).
 */
export function learnedOf(examples: readonly CandidateExample[], rewatches = false): readonly CandidateExample[] {
  const asked = askedOf(examples, rewatches);
  return asked.length > 0 ? asked : examples;
}
