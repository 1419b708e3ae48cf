/** Of fewer users or rows (queries or pages) held-out days cannot tell, and the trainer looks for more of them. */
export const MINIMUM_SAMPLE = { users: 30, rows: 200 } as const;

/**
 * Of fewer rows the gate says nothing by two numbers alone: which is larger is chance. A model that gains a tenth of a recall of .2, where one
 * query in seven is hit by one of the two only, has less than popularity in 23% of samples of 200 queries, 10% of 600, and 1% of 2,000.
 */
export const LEAST_ROWS_OF_TWO_NUMBERS = 2_000;

/** Of fewer users there is no interval: resampled, they are too alike, and one alone gives an interval of no width. */
export const LEAST_USERS_OF_AN_INTERVAL = 10;
