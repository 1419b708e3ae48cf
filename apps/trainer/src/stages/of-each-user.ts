import type { CandidateExample } from '@watchnext/features';

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

/** At most `most` of each user, the newest by the time of the label, in the order given. */
export function newestOfEachUser(examples: readonly CandidateExample[], most: number): CandidateExample[] {
  return ofEachUser(examples, most, (one, other) => other.labelAtMs - one.labelAtMs);
}

/** At most `EXAMPLES_PER_USER` of each user, the first ones, in the order given. */
export function firstOfEachUser(examples: readonly CandidateExample[]): CandidateExample[] {
  return ofEachUser(examples, EXAMPLES_PER_USER, (one, other) => one.labelAtMs - other.labelAtMs);
}

function ofEachUser(
  examples: readonly CandidateExample[],
  most: number,
  order: (one: CandidateExample, other: CandidateExample) => number,
): CandidateExample[] {
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
