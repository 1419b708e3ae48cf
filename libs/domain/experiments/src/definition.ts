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
  share: share.describe(
    "Of the experiment's users; all together at most 1, the rest is served as everybody and not counted.",
  ),
  serving: servingSchema.default({}).describe('What it serves otherwise; the control nothing, as a rule.'),
});

const audienceSchema = z.strictObject({
  surfaces: z.array(text).min(1).optional(),
  countries: z
    .array(z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters (ISO 3166-1)'))
    .min(1)
    .optional()
    .describe('Two capital letters each (ISO 3166-1).'),
  devices: z.array(text).min(1).optional(),
  loggedIn: z.boolean().optional(),
  minimumWatchCount: z.number().int().min(0).optional().describe('Videos that the user has watched so far.'),
  maximumWatchCount: z.number().int().min(0).optional(),
});

const guardrailSchema = z.strictObject({
  metric: z.enum(METRIC_NAMES),
  mostHarm: z
    .number()
    .gt(0)
    .max(1)
    .describe("How much worse it may get, a share of the control's: none at all can be ruled out of no harm."),
});

const experimentSchema = z.strictObject({
  name,
  hypothesis: text.describe('What is believed, and what would show it wrong.'),
  unit: z.literal('user').default('user'),
  design: z
    .enum(['split', 'interleaved'])
    .default('split')
    .describe(
      'Each user is in one variant, or every list is drafted from the rankings of two variants in turn, as a quick first test.',
    ),
  layer: name,
  layerPart: z
    .tuple([share, share])
    .default([0, 1])
    .describe("The part of its layer's users that it takes; parts of experiments that run at one time are disjoint."),
  salt: text.describe('Changed to draw the users anew.'),
  start: instant,
  stop: instant,
  audience: audienceSchema.default({}).describe('Whom it is for: all that is given must hold.'),
  variants: z
    .array(variantSchema)
    .min(2, 'must have at least two variants')
    .max(10)
    .describe('The first is the control.'),
  primaryMetric: z.enum(METRIC_NAMES).default('watchSecondsPerUser').describe('What the verdict goes by.'),
  guardrails: z.array(guardrailSchema).default([]).describe('What must not get worse.'),
  minimumLift: z
    .number()
    .gt(0)
    .max(10)
    .default(0.02)
    .describe("The lift that is worth finding, a share of the control's; intervals are sharpest about there."),
  alpha: z
    .number()
    .gt(0)
    .max(0.5)
    .default(0.05)
    .describe('How often, at most, a difference is found where there is none.'),
  power: z
    .number()
    .gt(0.5)
    .lt(1)
    .default(0.8)
    .describe('How often `minimumLift` is found by the day that `power` plans.'),
  covariateDays: z
    .number()
    .int()
    .min(0)
    .max(60)
    .default(7)
    .describe('Days before the start whose watch seconds reduce the variance; 0: none.'),
  testers: z
    .record(z.string().min(1), name)
    .default({})
    .describe('Users who get the variant that is named, whatever their hash says; reports leave them out.'),
});

export const experimentsFileSchema = z.strictObject({
  layers: z.array(z.strictObject({ name, salt: text })).min(1, 'must name at least one layer'),
  experiments: z.array(experimentSchema),
});

export type Experiment = z.output<typeof experimentSchema>;
export type Variant = Experiment['variants'][number];
export type ExperimentsFile = z.output<typeof experimentsFileSchema>;

export const NO_EXPERIMENTS: ExperimentsFile = { layers: [], experiments: [] };
