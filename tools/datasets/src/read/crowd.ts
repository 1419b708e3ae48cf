/** When one user of a log is to be asked about: mostly it is everybody without an id. */

/** Of the log, and in a small log of the average user's. */
const LARGE_SHARE = 0.01;
const TIMES_THE_AVERAGE = 10;

/** @param share of the log that the user has. @param userCount with that user */
export const mayBeCrowd = (share: number, userCount: number) =>
  share > Math.max(LARGE_SHARE, TIMES_THE_AVERAGE / userCount);

export const CROWD_QUESTION = 'is it everybody without an id? Leave such rows out, or give each session an id';
