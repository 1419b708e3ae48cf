import { availableParallelism } from 'node:os';
import {
  checkDriverSettings,
  driverSettings,
  experimentSettings,
  flag,
  loggingSettings,
  positiveInteger,
} from '@watchnext/config';
import { Cron } from 'croner';
import { z } from 'zod';
import { parseCandidateChange } from './candidate-settings';
import { parseRankingChange } from './ranking-settings';

/** Whether croner reads this as a schedule, which it throws for where it does not, and one that ever comes: 30 February does not. */
function isSchedule(pattern: string): boolean {
  try {
    const cron = new Cron(pattern, { paused: true });
    const next = cron.nextRun();
    cron.stop();
    return next !== null;
  } catch {
    return false;
  }
}

/** A text that is read as something else, by a function that throws where it cannot. */
const readBy = <T>(read: (text: string) => T) =>
  z
    .string()
    .default('{}')
    .transform((text, context) => {
      try {
        return read(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message });
        return z.NEVER;
      }
    });

/** The trainer's environment. */
export const trainerSettings = z
  .object({
    ...driverSettings,
    ...loggingSettings,
    /** When to train, in cron's notation (UTC); only without --once. */
    WATCHNEXT_TRAINER_SCHEDULE: z
      .string()
      .default('0 */6 * * *')
      .refine(isSchedule, 'a cron pattern with a time to come, as "0 */6 * * *"'),
    /** A watch that is later than this after its impression is no longer that impression's outcome. */
    WATCHNEXT_JOIN_WINDOW_HOURS: z.coerce.number().positive().default(24),
    /** An impression is learned from, a negative if it has no watch, once it is older than this; default: the join window. */
    WATCHNEXT_SETTLED_AFTER_HOURS: z.coerce.number().positive().optional(),
    /**
     * From this age on an impression is in the counts that ranking is served with, settled or not, with what has followed so far
     * (docs/decisions/0141).
     */
    WATCHNEXT_COUNTED_AFTER_HOURS: z.coerce.number().positive().default(2),
    /**
     * Days at the end of the log that are learned from and evaluated on; default: all. What came before is still read, for histories and
     * counts (docs/decisions/0158).
     */
    WATCHNEXT_TRAINING_DAYS: z.coerce.number().int().positive().optional(),
    /** What trains: "wasm" is our own kernels, the others TensorFlow.js; "auto" takes a GPU where there is one, else the kernels. */
    WATCHNEXT_TENSOR_BACKEND: z.enum(['auto', 'tensorflow-gpu', 'tensorflow', 'wasm', 'cpu']).default('auto'),
    /** Threads that train both models on our own kernels; default: one for each core. The models do not depend on it. */
    WATCHNEXT_TRAINING_THREADS: positiveInteger(availableParallelism()),
    /** Whether candidates begin with the tables and weights of an earlier model instead of at random (docs/decisions/0061). */
    WATCHNEXT_WARM_START: flag(false),
    /**
     * Settings of the candidate model in place of the defaults for the size of the data, as JSON: {"temperature":0.1}
     * (docs/decisions/0118).
     */
    WATCHNEXT_CANDIDATE_SETTINGS: readBy(parseCandidateChange),
    /** Whether ranking begins with the tables and weights of an earlier model instead of at random (docs/decisions/0125). */
    WATCHNEXT_RANKING_WARM_START: flag(false),
    /** Settings of the ranking model in place of the defaults for the size of the data, as JSON: {"members":1}. */
    WATCHNEXT_RANKING_SETTINGS: readBy(parseRankingChange),
    /**
     * Which of our own kernels: "native" ones are compiled for the processor, "wasm" runs everywhere; "auto" takes the native ones where
     * there are any (docs/decisions/0122). Their last digits differ.
     */
    WATCHNEXT_TRAINING_KERNELS: z.enum(['auto', 'native', 'wasm']).default('auto'),
    /** Users whose held-out watches the candidate model is measured on, at most; drawn by the seed. */
    WATCHNEXT_EVALUATION_USERS: positiveInteger(3_000),
    /** Threads that build the index side by side; one graph is built by one of them. */
    WATCHNEXT_INDEX_THREADS: positiveInteger(2),
    /**
     * Graphs that the index is spread over. More than one are built side by side, and then each request asks all of them:
     * at equal recall that is fewer per second than one graph answers (docs/decisions/0090).
     */
    WATCHNEXT_INDEX_SHARDS: positiveInteger(1),
    /**
     * Snapshots that stay in the folder: so many of the newest, as many of the line that ends with the current one, and what experiments
     * name; older ones are removed before and after each run. Default: all. A bucket removes by a rule of its own (docs/decisions/0190).
     */
    WATCHNEXT_KEPT_SNAPSHOTS: z.coerce
      .number()
      .int()
      .min(2, 'at least 2: the current one, and the way back')
      .optional(),
    WATCHNEXT_EXPERIMENTS_FILE: experimentSettings.WATCHNEXT_EXPERIMENTS_FILE,
    /** Whether a terminal gets progress bars. */
    WATCHNEXT_PROGRESS_BARS: flag(true),
  })
  .superRefine(checkDriverSettings)
  .superRefine(({ WATCHNEXT_KEPT_SNAPSHOTS: kept, WATCHNEXT_OBJECT_STORE: store }, context) => {
    if (kept === undefined || store === 'folder') return;
    const message = 'is for WATCHNEXT_OBJECT_STORE=folder: a bucket removes by a lifecycle rule of its own';
    context.addIssue({ code: 'custom', path: ['WATCHNEXT_KEPT_SNAPSHOTS'], message });
  });
export type TrainerSettings = z.infer<typeof trainerSettings>;
