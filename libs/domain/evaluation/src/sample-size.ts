/** Of fewer users or rows (queries or pages) the gate says nothing by two numbers alone: which is larger is chance. */
export const MINIMUM_SAMPLE = { users: 30, rows: 200 } as const;

/** Of fewer users there is no interval: resampled, they are too alike, and one alone gives an interval of no width. */
export const LEAST_USERS_OF_AN_INTERVAL = 10;
