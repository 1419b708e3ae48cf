/** How the trainer ends with `--once`; a signal and what cannot be used have the codes that they have everywhere. */
export const TRAINER_EXIT_CODES = { published: 0, failed: 1, rejected: 3, nothingToTrain: 4 } as const;
