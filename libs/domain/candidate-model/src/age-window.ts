/** Which example ages a training spans, and at which of them its model is asked. */
import { type CandidateExample, DAY_MS } from '@watchnext/features';

/** Share of the examples that may be left out as too old to say how long the window is. */
const TAIL_SHARE = 0.01;
/** They are where the oldest is so many times as old as the others: with a log that doubles each quarter, for five years it is not. */
const FAR_TAIL = 4;
/** So many examples, or this share of fewer, are not enough to learn from what their age says. */
const TOO_FEW_EXAMPLES = 100;
const TOO_FEW_SHARE = 0.01;

export interface AgeWindow {
  /** An example age of this many days is the input 1, and what is older, too. */
  readonly days: number;
  /**
   * The model is asked at no lower age, since nothing but a handful of examples was there to learn from. Absent where age 0 is
   * as good: the hat function that stands for the present has been trained.
   */
  readonly leastDays?: number;
}

/** With what is odd about it. */
export interface AgeReport extends AgeWindow {
  /** Examples older than the window. */
  readonly beyondCount: number;
  readonly oldestDays: number;
}

/**
 * As long as the oldest example is old, but not for the sake of a few that are far older than the rest: with a single row of an
 * import that is dated 1971, all others would be of age 0.
 *
 * @param exampleAgeKnots hat functions over the window
 * @throws Error when a label is later than the window
 */
export function ageWindowOf(
  examples: readonly CandidateExample[],
  windowEndMs: number,
  exampleAgeKnots: number,
): AgeReport {
  const ages = Float64Array.from(examples, (example) => ageDays(example, windowEndMs)).sort();
  const oldestDays = ages[ages.length - 1];
  const withoutTail = ages[Math.ceil((1 - TAIL_SHARE) * ages.length) - 1];
  const isFar = withoutTail > 0 && oldestDays > FAR_TAIL * withoutTail;
  const days = (isFar ? withoutTail : oldestDays) || 1;
  const beyondCount = isFar ? ages.length - 1 - ages.lastIndexOf(days) : 0;
  const fewYoungest = Math.min(TOO_FEW_EXAMPLES, Math.ceil(TOO_FEW_SHARE * ages.length));
  const leastDays = ages[fewYoungest - 1];
  const isPresentTrained = exampleAgeKnots < 2 || leastDays < days / (exampleAgeKnots - 1);
  return { days, ...(isPresentTrained ? {} : { leastDays }), beyondCount, oldestDays };
}

/** @throws Error when the label is later than the window */
export function ageDays(example: CandidateExample, windowEndMs: number): number {
  const ageMs = windowEndMs - example.labelAtMs;
  if (!(ageMs >= 0)) {
    throw new Error(`the label ${example.labelVideoId} of user ${example.userId} is later than the training window`);
  }
  return ageMs / DAY_MS;
}
