/** What tells which cohorts a held-out watch belongs to. */
export interface CohortFacts {
  /** Watches of the user that training saw. */
  readonly userWatchCount: number;
  /** Watches of the label's video that training saw. */
  readonly videoWatchCount: number;
  /** From the video's upload, or its first watch where that is not known, to the query; undefined without times. */
  readonly videoAgeDays: number | undefined;
}

export const COHORTS = [
  'new users',
  'middling users',
  'heavy users',
  'new videos',
  'unseen videos',
  'rare videos',
  'popular videos',
] as const;
export type Cohort = (typeof COHORTS)[number];

export interface CohortLimits {
  /** A user with at most so many watches in training is new. */
  readonly newUserWatches: number;
  /** A user with at least so many is heavy. */
  readonly heavyUserWatches: number;
  /** A video of at most this age is new. */
  readonly newVideoDays: number;
  /** A video with at most so many watches in training is rare, with none unseen. */
  readonly rareVideoWatches: number;
  /** A video with at least so many is popular. */
  readonly popularVideoWatches: number;
}

/** At the least: where users with so few are left out of the data, new ones are those with the fewest. */
const NEW_USER_WATCHES = 3;
const NEW_VIDEO_DAYS = 7;
const RARE_VIDEO_WATCHES = 5;
/** Heavy: the most active tenth of the users; popular: the videos that have the upper half of all watches. */
const HEAVY_USER_SHARE = 0.1;
/** New: the least active tenth, where that has more than `NEW_USER_WATCHES`. */
const NEW_USER_SHARE = 0.1;
const POPULAR_WATCH_SHARE = 0.5;

/**
 * Limits that fit the data: fixed ones for new and rare videos, quantiles of training for heavy users and popular videos. New users
 * have a fixed limit too, but for data of nobody but users with more watches (as leave-one-out, which leaves the others out): there it
 * is what the least active tenth has.
 */
export function cohortLimits(userWatchCounts: ArrayLike<number>, videoWatchCounts: ArrayLike<number>): CohortLimits {
  const users = Float64Array.from(userWatchCounts).sort();
  const videos = Float64Array.from(videoWatchCounts).sort().reverse();
  const half = POPULAR_WATCH_SHARE * videos.reduce((sum, count) => sum + count, 0);
  let popular = 0;
  for (let sum = 0; popular < videos.length && sum < half; popular += 1) sum += videos[popular];
  const atLeast = (least: number, value: number | undefined) => Math.max(least, value ?? least);
  const heavy = users[Math.floor((1 - HEAVY_USER_SHARE) * users.length)];
  const fewest = users[Math.max(0, Math.ceil(NEW_USER_SHARE * users.length) - 1)];
  // Where most have the same number, nobody has few.
  const newUserWatches = fewest < heavy ? Math.max(NEW_USER_WATCHES, fewest) : NEW_USER_WATCHES;
  return {
    newUserWatches,
    heavyUserWatches: atLeast(newUserWatches + 1, heavy),
    newVideoDays: NEW_VIDEO_DAYS,
    rareVideoWatches: RARE_VIDEO_WATCHES,
    popularVideoWatches: atLeast(RARE_VIDEO_WATCHES + 1, videos[popular - 1]),
  };
}

/** All cohorts of one held-out watch: one of users, any number of videos. */
export function cohortsOf(facts: CohortFacts, limits: CohortLimits): Cohort[] {
  const { userWatchCount, videoWatchCount, videoAgeDays } = facts;
  const cohorts: Cohort[] = [];
  if (userWatchCount <= limits.newUserWatches) cohorts.push('new users');
  else if (userWatchCount >= limits.heavyUserWatches) cohorts.push('heavy users');
  else cohorts.push('middling users');
  if (videoAgeDays !== undefined && videoAgeDays <= limits.newVideoDays) cohorts.push('new videos');
  if (videoWatchCount === 0) cohorts.push('unseen videos');
  else if (videoWatchCount <= limits.rareVideoWatches) cohorts.push('rare videos');
  else if (videoWatchCount >= limits.popularVideoWatches) cohorts.push('popular videos');
  return cohorts;
}

/** A cohort's name with its limit, as for a table: "new users, ≤ 3". Of users and videos by watches, of new videos by days. */
export function cohortLabel(cohort: Cohort, limits: CohortLimits): string {
  switch (cohort) {
    case 'new users':
      return `${cohort}, ≤ ${limits.newUserWatches}`;
    case 'heavy users':
      return `${cohort}, ≥ ${limits.heavyUserWatches}`;
    case 'new videos':
      return `${cohort}, ≤ ${limits.newVideoDays} d`;
    case 'rare videos':
      return `${cohort}, ≤ ${limits.rareVideoWatches}`;
    case 'popular videos':
      return `${cohort}, ≥ ${limits.popularVideoWatches}`;
    case 'middling users':
    case 'unseen videos':
      return cohort;
  }
}

/** Members by cohort, in the order of `COHORTS`; empty cohorts are left out. */
export function groupByCohort<Item>(
  items: readonly Item[],
  cohorts: (item: Item, index: number) => readonly Cohort[],
): Map<Cohort, Item[]> {
  const groups = new Map<Cohort, Item[]>(COHORTS.map((cohort) => [cohort, []]));
  items.forEach((item, index) => cohorts(item, index).forEach((cohort) => groups.get(cohort)?.push(item)));
  for (const [cohort, members] of groups) if (members.length === 0) groups.delete(cohort);
  return groups;
}
