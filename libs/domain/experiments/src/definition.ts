/** What an experiment is, as its file says it. The file is validated as a whole: see `validate.ts`. */
import { z } from 'zod';
import { METRIC_NAMES } from './metrics';
import { servingSchema } from './serving';

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be 1 to 64 lower-case letters, digits and hyphens, the first no hyphen');
const share = z.number().min(0, 'must be from 0 to 1').max(1, 'must be from 0 to 1');
const text = z.string().trim().min(1, 'must say something');
const instant = z.iso
  .datetime({ offset: true, error: 'must be a time with its zone, as 2026-11-25T00:00:00Z' })
  .transform((iso) => Date.parse(iso));

const variantSchema = z.strictObject({
  name,
  /** Of the experiment's users; all variants together at most 1, the rest is served as everybody and not counted. */
  share,
  serving: servingSchema.default({}),
});

/** All that are given must hold. */
const audienceSchema = z.strictObject({
  surfaces: z.array(text).min(1).optional(),
  countries: z
    .array(z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters (ISO 3166-1)'))
    .min(1)
    .optional(),
  devices: z.array(text).min(1).optional(),
  loggedIn: z.boolean().optional(),
  minimumWatchCount: z.number().int().min(0).optional(),
  maximumWatchCount: z.number().int().min(0).optional(),
});

const experimentSchema = z.strictObject({
  name,
  /** What is believed, and what would show it wrong. */
  hypothesis: text,
  unit: z.literal('user').default('user'),
  /**
   * `split`: each user is in one variant. `interleaved`: every list is drafted from the rankings of two variants in turn,
   * as a quick first test.
   */
  design: z.enum(['split', 'interleaved']).default('split'),
  layer: name,
  /** The part of its layer's users that the experiment takes; parts of experiments that run at one time are disjoint. */
  layerPart: z.tuple([share, share]).default([0, 1]),
  /** Changed to draw the users anew. */
  salt: text,
  start: instant,
  stop: instant,
  audience: audienceSchema.default({}),
  /** The first is the control. */
  variants: z.array(variantSchema).min(2, 'must have at least two variants').max(10),
  primaryMetric: z.enum(METRIC_NAMES).default('watchSecondsPerUser'),
  /** Must not get worse by more than `mostHarm`, a share of the control's: none at all can be ruled out of no harm. */
  guardrails: z.array(z.strictObject({ metric: z.enum(METRIC_NAMES), mostHarm: z.number().gt(0).max(1) })).default([]),
  /** The lift that is worth finding, a share of the control's; intervals are sharpest about there. */
  minimumLift: z.number().gt(0).max(10).default(0.02),
  alpha: z.number().gt(0).max(0.5).default(0.05),
  power: z.number().gt(0.5).lt(1).default(0.8),
  /** Days before the start whose watch seconds reduce the variance; 0: none. */
  covariateDays: z.number().int().min(0).max(60).default(7),
  /** Who gets which variant whatever their hash says; reports leave them out. */
  testers: z.record(z.string().min(1), name).default({}),
});

export const experimentsFileSchema = z.strictObject({
  layers: z.array(z.strictObject({ name, salt: text })).min(1, 'must name at least one layer'),
  experiments: z.array(experimentSchema),
});

export type Experiment = z.output<typeof experimentSchema>;
export type Variant = Experiment['variants'][number];
export type ExperimentsFile = z.output<typeof experimentsFileSchema>;

export const NO_EXPERIMENTS: ExperimentsFile = { layers: [], experiments: [] };
