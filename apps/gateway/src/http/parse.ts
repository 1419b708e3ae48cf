import type { z } from 'zod';
import { ApiError } from '@watchnext/service';

/**
 * Checks one part of a request. Unknown query parameters pass: a proxy or a tracker may add its own.
 * @param at names the field in the error where the schema's own path is not the public one
 * @throws ApiError 400 naming the first field at fault
 */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown, at?: string): z.infer<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues as [z.core.$ZodIssue];
  throw new ApiError(400, 'invalid-argument', issue.message, at ?? String(issue.path[0] ?? ''));
}

/**
 * Checks a header that a proxy sets where the caller itself does not say. One that is not valid is ignored: the caller never
 * sent it, and could not mend it.
 * @param warnings gets a sentence about one that was ignored
 * @returns undefined where there is none, or an empty one
 */
export function parseProxyHeader<Value>(
  schema: z.ZodType<Value>,
  headers: Readonly<Record<string, string | undefined>>,
  name: string,
  warnings: string[],
): Value | undefined {
  const value = headers[name];
  if (!value) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  warnings.push(`header ${name} was ignored: ${parsed.error.issues[0]!.message}`);
  return undefined;
}
