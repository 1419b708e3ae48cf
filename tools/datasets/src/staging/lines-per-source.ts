/** More lines than a file has: a row's source and line make one number. */
export const LINES_PER_SOURCE = 2 ** 36;
