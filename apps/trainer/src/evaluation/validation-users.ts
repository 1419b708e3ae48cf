import type { CandidateExample } from '@watchnext/features';
import { type Random, shuffle } from '@watchnext/learning';

const VALIDATION_SHARE = 0.1;
/** Fewer would leave the choice of settings to chance; more cost time in each epoch and tell little. */
const WANTED_USERS = { least: 100, most: 2_000 };
/** Where there are few users, no more than this share of them. */
const LARGEST_SHARE = 0.2;

/**
 * Of watches that were set aside, those that an earlier model cannot have learned by heart, if a training begins with one: its own
 * training set nobody aside. The others would have the first epoch look like the best.
 *
 * @param untilMs what that model has learned from is earlier; undefined: there is none
 */
export function notLearnedBefore(
  validation: readonly CandidateExample[],
  untilMs: number | undefined,
): readonly CandidateExample[] {
  return untilMs === undefined ? validation : validation.filter(({ labelAtMs }) => labelAtMs >= untilMs);
}

/**
 * Sets some users aside, by the seed, to choose settings on. Users rather than the latest days: a model that has not seen
 * the latest days knows nothing of the newest videos, and is then no model to evaluate.
 */
export function setUsersAside(
  examples: readonly CandidateExample[],
  random: Random,
): { training: CandidateExample[]; validation: CandidateExample[] } {
  const userIds = [...new Set(examples.map((example) => example.userId))].sort();
  const wanted = Math.min(Math.max(VALIDATION_SHARE * userIds.length, WANTED_USERS.least), WANTED_USERS.most);
  const count = Math.floor(Math.min(wanted, LARGEST_SHARE * userIds.length));
  const order = Int32Array.from(userIds.keys());
  shuffle(order, random);
  const aside = new Set([...order.subarray(0, count)].map((index) => userIds[index]));
  return {
    training: examples.filter((example) => !aside.has(example.userId)),
    validation: examples.filter((example) => aside.has(example.userId)),
  };
}
