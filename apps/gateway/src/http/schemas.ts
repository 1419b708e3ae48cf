/** What goes in and out over HTTP: the same schemas check requests, describe them in OpenAPI, and check the specs. */
import { z } from 'zod';
import { RUNG_NAMES } from '../pipeline/ladder';
import { RULES, SOURCES } from '../pipeline/draft';

/** The event log's own rule: an id that passed here and not there would make the list's impressions dead letters. */
const WITHOUT_CONTROL_CHARACTERS = /^[^\u0000-\u001f\u007f-\u009f\ud800-\udfff]*$/u;

const id = (what: string) =>
  z
    .string()
    .min(1, `${what} must not be empty`)
    .max(128, `${what} has at most 128 characters`)
    .regex(WITHOUT_CONTROL_CHARACTERS, `${what} must not contain control characters`);
const freeText = (maxCharacters: number) =>
  z
    .string()
    .max(maxCharacters, `must have at most ${maxCharacters} characters`)
    .regex(WITHOUT_CONTROL_CHARACTERS, 'must not contain control characters');
const wholeNumber = (from: number, to: number, fallback: number) =>
  z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(from, `must be ${from} or more`)
    .max(to, `must be ${to} or less`)
    .default(fallback);

export const userIdPath = z.object({
  id: id('the user id').describe('User, or anonymous viewer; unknown ones are welcome.'),
});
export const videoIdPath = z.object({ id: id('the video id') });

export const recommendationsQuery = z.object({
  limit: wholeNumber(1, 50, 10).describe('Videos a page, 1 to 50; default 10.'),
  surface: freeText(64).min(1).default('home').describe('Where the list is shown; free text, default "home".'),
  seed: id('the seed')
    .optional()
    .describe(
      'Video being watched, for up-next lists. One that the catalogue does not know is ignored with a warning.',
    ),
  cursor: z
    .string()
    .max(8_192, 'must have at most 8,192 characters')
    .optional()
    .describe('nextCursor of the page before; valid for 30 minutes, for the same user, surface and seed.'),
  explain: z
    .enum(['true', 'false'])
    .default('false')
    .describe("Also answer each item's sources, feature values, score parts and rules."),
  preview: z
    .enum(['true', 'false'])
    .default('false')
    .describe(
      'Answer what the user would be served now, and record nothing of it: no impressions, and so nothing for training, ' +
        'fatigue, exploration or experiments. For looking at a list; an application that shows one asks without it.',
    ),
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/, 'must be two letters (ISO 3166-1)')
    .optional()
    .describe('Default: header x-country, then the profile.'),
  device: freeText(64).optional().describe('"phone", "tv", "desktop", …; default: header x-device.'),
});

export const listQuery = z.object({ limit: wholeNumber(1, 200, 50).describe('1 to 200; default 50.') });

const markSchema = z.object({ topic: z.string(), partition: z.number(), offset: z.number() });

const videoFields = {
  videoId: z.string(),
  title: z.string(),
  channelId: z.string(),
  topics: z.array(z.string()),
  durationSeconds: z.number(),
  uploadedAtMs: z.number(),
  thumbnailUrl: z.string(),
};

const explanation = z.object({
  propensity: z.number().describe('With which chance the item took its place; 1 where nothing was left to chance.'),
  sources: z
    .array(z.object({ source: z.enum(SOURCES), score: z.number() }))
    .describe('Every source that proposed the video.'),
  expectedWatchSeconds: z.number().optional(),
  features: z
    .array(z.object({ name: z.string(), value: z.union([z.number(), z.string(), z.null()]) }))
    .describe('Raw feature values; null: nothing to say.'),
  parts: z
    .array(z.object({ group: z.string(), logitChange: z.number() }))
    .describe('Change of the logit if this feature group were that of an average item of the page.'),
  rules: z
    .array(
      z.object({
        rule: z.enum(RULES),
        fromRank: z.number(),
        toPosition: z.number(),
      }),
    )
    .describe('Rules that moved the item from its rank by score.'),
});

export const recommendationsAnswer = z.object({
  userId: z.string(),
  requestId: z.string(),
  preview: z.literal(true).optional().describe('Of a preview: the list is in no log.'),
  snapshotId: z
    .string()
    .describe('Snapshot whose models made the list; empty where none did, or two (an interleaved list).'),
  rung: z.enum(Object.values(RUNG_NAMES)).describe('Step of the degradation ladder.'),
  rungReason: z.string().optional().describe('Why the rung is lower than full.'),
  mark: markSchema.describe(
    "How far the user's events were folded into the state behind this list; offset -1: not at all.",
  ),
  experiments: z
    .array(z.object({ experiment: z.string(), variant: z.string().optional(), overridden: z.boolean() }))
    .optional()
    .describe('Experiments that the list is part of; an interleaved list is of both variants.'),
  warnings: z.array(z.string()).optional(),
  items: z.array(
    z.object({
      ...videoFields,
      impressionId: z
        .string()
        .describe('Name it in the watch that follows; that of a preview in no event: nothing was recorded under it.'),
      position: z.number(),
      team: z.string().optional().describe('Variant whose ranking put the item here, in an interleaved list.'),
      source: z.enum(SOURCES),
      sourceScore: z.number(),
      score: z.number().optional().describe('Expected watch seconds; absent on rungs without ranking.'),
      explain: explanation.optional(),
    }),
  ),
  nextCursor: z.string().optional().describe('For the next page; absent at the end.'),
});

export const usersAnswer = z.object({
  users: z.array(z.object({ userId: z.string(), watchCount: z.number(), lastEventAtMs: z.number() })),
});

export const historyAnswer = z.object({
  userId: z.string(),
  known: z.boolean(),
  watchCount: z.number(),
  mark: markSchema,
  watches: z.array(
    z.object({
      videoId: z.string(),
      title: z.string().describe('Empty where the catalogue does not know the video.'),
      channelId: z.string(),
      topics: z.array(z.string()),
      startedAtMs: z.number(),
      watchSeconds: z.number(),
      durationSeconds: z.number(),
    }),
  ),
  searches: z.array(z.object({ tokens: z.array(z.string()), searchedAtMs: z.number() })),
  dismissedVideoIds: z.array(z.string()),
});

export const videoAnswer = z.object(videoFields);

export const snapshotAnswer = z.object({
  snapshotId: z.string(),
  heldSnapshotIds: z.array(z.string()),
  createdAtMs: z.number(),
  parentSnapshotId: z.string(),
  tensorBackend: z.string(),
  window: z
    .object({ fromMs: z.number(), toMs: z.number(), evaluatedFromMs: z.number(), evaluatedToMs: z.number() })
    .optional(),
  sizes: z.record(z.string(), z.number()),
  metrics: z.array(z.object({ name: z.string(), scorer: z.string(), value: z.number() })),
  gate: z
    .object({
      passed: z.boolean(),
      checks: z.array(z.object({ name: z.string(), passed: z.boolean(), detail: z.string() })),
    })
    .optional(),
});

export const errorAnswer = z.object({
  error: z.object({ code: z.string(), message: z.string(), field: z.string().optional(), requestId: z.string() }),
});

export type RecommendationsAnswer = z.infer<typeof recommendationsAnswer>;
export type HistoryAnswer = z.infer<typeof historyAnswer>;
export type UsersAnswer = z.infer<typeof usersAnswer>;
export type VideoAnswer = z.infer<typeof videoAnswer>;
export type SnapshotAnswer = z.infer<typeof snapshotAnswer>;
