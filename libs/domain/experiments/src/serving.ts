import { z } from 'zod';

/** Rungs that a variant may choose; the full one is what is served otherwise. */
const CHOSEN_RUNGS = ['retrieval-order', 'snapshot-popular', 'memory-popular'] as const;

const count = (most: number) => z.number().int().min(0).max(most);

const exploration = z.strictObject({
  position: z.number().int().min(0).max(49).describe('The place, from 0.'),
  poolSize: z.number().int().min(2).max(100).describe('How many it is drawn from, evenly.'),
  epsilon: z.number().gt(0).max(1).describe('How often it is drawn.'),
});

/**
 * What a variant serves otherwise than everybody is served. What it leaves out stays as configured, so `{}` is the
 * control.
 */
export const servingSchema = z.strictObject({
  snapshotId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be the id of a snapshot')
    .optional()
    .describe('A published snapshot, kept loaded while the experiment runs.'),
  rung: z.enum(CHOSEN_RUNGS).optional().describe('Step of the ladder to serve from, though nothing is broken.'),
  candidateCount: z.number().int().min(1).max(1_000).optional().describe('Candidates asked of retrieval.'),
  channelCap: z.number().int().min(1).max(50).optional().describe('Videos of one channel in each ten places.'),
  topicCap: z.number().int().min(1).max(50).optional().describe('Videos of one topic in each ten places.'),
  blendQuotas: z
    .strictObject({ trending: count(500), popular: count(500), fresh: count(500) })
    .partial()
    .optional()
    .describe("Candidates that each source adds beside retrieval's."),
  exploration: exploration
    .optional()
    .describe('A place that is filled by chance; what it was drawn from, and how probably, is logged.'),
  freshExploration: exploration
    .optional()
    .describe(
      'The same, drawn from the best fresh videos and the one that the place would have; `WATCHNEXT_FRESH_EPSILON` does it for everyone.',
    ),
});

export type Serving = z.infer<typeof servingSchema>;
export type ServingParameter = keyof Serving;
