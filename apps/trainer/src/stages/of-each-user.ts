import type { CandidateExample, RankingExample } from '@watchnext/features';

/** Candidate examples of one user that count on a side of the split: heavy users must not be most of what is learned or asked. */
const EXAMPLES_PER_USER = 100;
/**
 * That count in training where users have a hundred and more on average. An epoch draws as many of each as users have on average, 200 at
 * most (docs/decisions/0149), from all of these.
 */
const EXAMPLES_OF_DENSE_USER = 1_000;

/** How many examples of a user are trained on, at most. @param examples all that there are to train on */
export function mostOfEachUser(examples: readonly CandidateExample[]): number {
  const userCount = new Set(examples.map(({ userId }) => userId)).size;
  return examples.length >= EXAMPLES_PER_USER * userCount ? EXAMPLES_OF_DENSE_USER : EXAMPLES_PER_USER;
}

/**
 * Impressions of one user that ranking learns from, at most: so many, and so many times the mean. It is wide, for who is shown much is no
 * fault (139 of KuaiRand's 185,000 with a list, 5,229 of the 900,000 of the simulated world `standard`), but in logs where everybody without an id is one user
 * that "user" has most of the lists, and a history that is nobody's.
 */
const IMPRESSIONS_PER_USER = { least: 10_000, timesTheMean: 20 };

/** How many impressions of a user ranking is trained on, at most. @param examples all that there are to train on */
export function mostImpressionsOfEachUser(examples: readonly RankingExample[]): number {
  const userCount = new Set(examples.map(({ userId }) => userId)).size;
  const { least, timesTheMean } = IMPRESSIONS_PER_USER;
  return Math.max(least, Math.ceil((timesTheMean * examples.length) / Math.max(userCount, 1)));
}

type OfUser = Pick<CandidateExample, 'userId'>;

/** At most `most` of each user, the newest, in the order given. */
export function newestOfEachUser<Example extends OfUser>(
  examples: readonly Example[],
  most: number,
  atMs: (example: Example) => number,
): Example[] {
  return ofEachUser(examples, most, (one, other) => atMs(other) - atMs(one));
}

/** At most `EXAMPLES_PER_USER` of each user, the first ones, in the order given. */
export function firstOfEachUser(examples: readonly CandidateExample[]): CandidateExample[] {
  return ofEachUser(examples, EXAMPLES_PER_USER, (one, other) => one.labelAtMs - other.labelAtMs);
}

function ofEachUser<Example extends OfUser>(
  examples: readonly Example[],
  most: number,
  order: (one: Example, other: Example) => number,
): Example[] {
  const rowsByUser = new Map<string, number[]>();
  examples.forEach(({ userId }, row) => {
    const rows = rowsByUser.get(userId);
    if (rows) rows.push(row);
    else rowsByUser.set(userId, [row]);
  });
  const isLeft = new Uint8Array(examples.length);
  for (const rows of rowsByUser.values()) {
    if (rows.length <= most) continue;
    rows.sort((one, other) => order(examples[one], examples[other]));
    for (const row of rows.slice(most)) isLeft[row] = 1;
  }
  return examples.filter((_, row) => !isLeft[row]);
}
