/** What both halves of a report say of cohorts. */
import type { CohortLimits } from '@watchnext/evaluation';

/** Who and what belongs to which. @param counted what is counted in training, as "watches" */
export const cohortsInWords = (limits: CohortLimits, counted: string): string =>
  `New users have at most ${limits.newUserWatches} ${counted} in training, heavy ones ${limits.heavyUserWatches} and more; new videos are at most ` +
  `${limits.newVideoDays} days old, rare ones have at most ${limits.rareVideoWatches} ${counted}, unseen ones none, popular ones ` +
  `${limits.popularVideoWatches} and more.`;
