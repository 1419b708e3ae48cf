import { z } from 'zod';

/** Rungs that a variant may choose; the full one is what is served otherwise. */
const CHOSEN_RUNGS = ['retrieval-order', 'snapshot-popular', 'memory-popular'] as const;

const count = (most: number) => z.number().int().min(0).max(most);

const exploration = z.strictObject({
  position: z.number().int().min(0).max(49),
  poolSize: z.number().int().min(2).max(100),
  epsilon: z.number().gt(0).max(1),
});

/**
 * What a variant serves otherwise than everybody is served. What it leaves out stays as configured, so `{}` is the
 * control.
 */
export const servingSchema = z.strictObject({
  /** Snapshot whose models serve the list, kept loaded while the experiment runs. */
  snapshotId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be the id of a snapshot')
    .optional(),
  /** Step of the ladder to serve from, though nothing is broken. */
  rung: z.enum(CHOSEN_RUNGS).optional(),
  /** Candidates asked of retrieval. */
  candidateCount: z.number().int().min(1).max(1_000).optional(),
  /** Videos of one channel in each ten places. */
  channelCap: z.number().int().min(1).max(50).optional(),
  /** Videos of one topic in each ten places. */
  topicCap: z.number().int().min(1).max(50).optional(),
  /** Candidates that each source adds beside retrieval's. */
  blendQuotas: z
    .strictObject({ trending: count(500), popular: count(500), fresh: count(500) })
    .partial()
    .optional(),
  /**
   * With probability `epsilon` the place is filled by one of the `poolSize` next best instead, drawn evenly; what was
   * drawn from, and how probably, is logged.
   */
  exploration: exploration.optional(),
  /** The same with the best fresh videos in the pool, beside the one that the place would have. */
  freshExploration: exploration.optional(),
});

export type Serving = z.infer<typeof servingSchema>;
export type ServingParameter = keyof Serving;
