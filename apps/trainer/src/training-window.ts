const HOURS_PER_DAY = 24;
/** Of the last day at least half has to be there for it to be held out. */
const PART_OF_LAST_DAY = 0.5;

/**
 * With fewer days the split would find less to train on than it holds out, and cut by shares instead of by days.
 *
 * @param trainingDays undefined: all days
 * @throws RangeError before a run has begun that would find out at its end
 */
export function checkTrainingDays(
  trainingDays: number | undefined,
  { evaluationDays, settledAfterHours }: { readonly evaluationDays: number; readonly settledAfterHours: number },
): void {
  if (trainingDays === undefined) return;
  const least = Math.ceil(2 * evaluationDays + settledAfterHours / HOURS_PER_DAY + PART_OF_LAST_DAY);
  if (trainingDays >= least) return;
  throw new RangeError(
    `WATCHNEXT_TRAINING_DAYS (${trainingDays}) leaves too little to train on: with ${evaluationDays} days to evaluate on and ` +
      `impressions that are settled after ${settledAfterHours} hours it takes ${least}`,
  );
}
