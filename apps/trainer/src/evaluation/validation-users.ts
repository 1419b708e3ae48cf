import type { CandidateExample } from '@watchnext/features';
import { type Random, shuffle } from '@watchnext/learning';

const VALIDATION_SHARE = 0.1;
/** Fewer would leave the choice of settings to chance; more cost time in each epoch and tell little. */
const WANTED_USERS = { least: 100, most: 2_000 };
/** Where there are few users, no more than this share of them. */
const LARGEST_SHARE = 0.2;
/** Who is learned from, and what the epoch and the form are chosen by, if there is enough of it: `selectCandidateModel` decides. */
export interface UsersAside {
  readonly training: readonly CandidateExample[];
  readonly validation: readonly CandidateExample[];
}

/**
 * Sets some users aside, by the seed, to choose settings on. Users rather than the latest days: a model that has not seen
 * the latest days knows nothing of the newest videos, and is then no model to evaluate.
 *
 * @param learnedUntilMs what an earlier model has learned from, which the training begins with, is before this: its own training set
 *   nobody aside, and what it knows by heart would have the first epoch look like the best. Undefined: there is none
 */
export function setUsersAside(
  examples: readonly CandidateExample[],
  random: Random,
  learnedUntilMs = -Infinity,
): UsersAside {
  const userIds = [...new Set(examples.map((example) => example.userId))].sort();
  const wanted = Math.min(Math.max(VALIDATION_SHARE * userIds.length, WANTED_USERS.least), WANTED_USERS.most);
  const count = Math.floor(Math.min(wanted, LARGEST_SHARE * userIds.length));
  const order = Int32Array.from(userIds.keys());
  shuffle(order, random);
  const aside = new Set([...order.subarray(0, count)].map((index) => userIds[index]));
  const training = examples.filter((example) => !aside.has(example.userId));
  const validation = examples.filter((example) => aside.has(example.userId) && example.labelAtMs >= learnedUntilMs);
  return { training, validation };
}
