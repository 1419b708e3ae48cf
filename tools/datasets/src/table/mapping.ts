/** The mapping file of a table: which column is what. Documented in docs/bring-your-data.md. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { DatasetError } from '../dataset-error';
import { TEXT_ENCODINGS } from '../read/text-lines';

const column = z.string().min(1);
const TIME_UNITS = ['s', 'ms', 'us', 'ns', 'iso', 'dmy', 'mdy'] as const;
const DURATION_UNITS = ['s', 'ms', 'min'] as const;

const time = z.strictObject({ column, unit: z.enum(TIME_UNITS) });
const duration = z.strictObject({ column, unit: z.enum(DURATION_UNITS) });
const topics = z.strictObject({ column, separator: z.string().min(1).default('|') });

const videoColumns = {
  title: column.optional(),
  channelId: column.optional(),
  topics: topics.optional(),
  durationSeconds: duration.optional(),
  uploadedAt: time.optional(),
};

const log = z
  .strictObject({
    userId: column,
    videoId: column,
    time,
    watchSeconds: duration.optional(),
    rating: z
      .strictObject({ column, lowest: z.number(), highest: z.number() })
      .refine(({ lowest, highest }) => lowest < highest, 'lowest must lie below highest')
      .optional(),
    clicked: column.optional(),
    requestId: column.optional(),
    surface: column.optional(),
    country: column.optional(),
    device: column.optional(),
    ...videoColumns,
  })
  .refine(({ watchSeconds, rating }) => !(watchSeconds && rating), 'give watchSeconds or rating, not both')
  .refine(
    ({ clicked, requestId, surface }) => clicked !== undefined || (requestId === undefined && surface === undefined),
    'requestId and surface are of impressions: they need clicked, the column that tells which were watched',
  );

const mapping = z.strictObject({
  encoding: z.enum(TEXT_ENCODINGS).optional(),
  delimiter: z.string().min(1).optional(),
  log,
  videos: z.strictObject({ file: z.string().min(1), videoId: column, ...videoColumns }).optional(),
  users: z
    .strictObject({
      file: z.string().min(1),
      userId: column,
      country: column.optional(),
      ageYears: column.optional(),
      gender: column.optional(),
    })
    .optional(),
});

export type Mapping = z.infer<typeof mapping>;
export type VideoColumns = Pick<Mapping['log'], keyof typeof videoColumns>;
export type TimeUnit = (typeof TIME_UNITS)[number];
export type DurationUnit = (typeof DURATION_UNITS)[number];

/** @throws DatasetError naming every field at fault */
export function parseMapping(text: string, name: string): Mapping {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new DatasetError(`${name} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const parsed = mapping.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `  ${path.join('.') || 'the whole'}: ${message}`);
  throw new DatasetError(`${name} is no mapping that can be used:\n${faults.join('\n')}`);
}

/** @throws DatasetError */
export async function readMapping(path: string): Promise<Mapping> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new DatasetError(`the mapping file ${path} cannot be read: ${error.message}`, { cause: error });
  });
  return parseMapping(text, basename(path));
}

/** Names of the columns that a part of the mapping wants, each once. */
export function columnsOf(part: Readonly<Record<string, unknown>>): string[] {
  const names = Object.entries(part).flatMap(([field, value]) => {
    if (field === 'file' || value === undefined) return [];
    return [typeof value === 'string' ? value : (value as { column: string }).column];
  });
  return [...new Set(names)];
}
