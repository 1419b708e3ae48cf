import type { CandidateExample } from '@watchnext/features';

/** Candidate examples of one user that count on a side of the split: heavy users must not be most of what is learned or asked. */
export const EXAMPLES_PER_USER = 100;

/** At most `EXAMPLES_PER_USER` of each user, the newest by the time of the label, in the order given. */
export function newestOfEachUser(examples: readonly CandidateExample[]): CandidateExample[] {
  return ofEachUser(examples, (one, other) => other.labelAtMs - one.labelAtMs);
}

/** The same of the first ones. */
export function firstOfEachUser(examples: readonly CandidateExample[]): CandidateExample[] {
  return ofEachUser(examples, (one, other) => one.labelAtMs - other.labelAtMs);
}

function ofEachUser(
  examples: readonly CandidateExample[],
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
    if (rows.length <= EXAMPLES_PER_USER) continue;
    rows.sort((one, other) => order(examples[one], examples[other]));
    for (const row of rows.slice(EXAMPLES_PER_USER)) isLeft[row] = 1;
  }
  return examples.filter((_, row) => !isLeft[row]);
}
