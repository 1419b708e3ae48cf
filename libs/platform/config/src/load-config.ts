import { z } from 'zod';
import { wantedOf } from './setting-values';
import { warnOfUnknownSettings } from './unknown-settings';

/** The environment does not describe a runnable program; the message lists every variable at fault. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

type Given = Readonly<Record<string, string | undefined>>;

/**
 * Parses the environment once into a typed object. Unset and empty variables take the schema's defaults. Of the process' own environment,
 * names that nothing here knows are warned of.
 *
 * @example
 *   const settings = loadConfig(z.object({ WATCHNEXT_HTTP_PORT: port(3000) }));
 * @throws ConfigError naming each variable and what it should be; values are not repeated, as they may be secrets
 */
export function loadConfig<Schema extends z.ZodType>(schema: Schema, environment?: Given): z.infer<Schema> {
  if (environment === undefined) warnOfUnknownSettings();
  const given = Object.fromEntries(
    Object.entries(environment ?? process.env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = parse(schema, given);
  if (parsed.success) return parsed.data;
  const issues = [...parsed.error.issues, ...issuesBeside(schema, given, parsed.error.issues)];
  throw new ConfigError(issues.map((issue) => `${issue.path.join('.') || 'environment'}: ${issue.message}`));
}

/** Where the schema has no message of its own, it says what may be given. */
function parse<Schema extends z.ZodType>(schema: Schema, given: Given) {
  const fields = schema instanceof z.ZodObject ? (schema.shape as Readonly<Record<string, z.ZodType>>) : {};
  return schema.safeParse(given, {
    error: ({ path }) => {
      const field = fields[String(path?.[0])];
      if (field === undefined) return undefined;
      return given[String(path?.[0])] === undefined ? 'is needed' : wantedOf(field);
    },
  });
}

/**
 * Checks across fields are not made while a field is wrong. Without the wrong ones they are; what then is said about a wrong one, or on the
 * ground of its default, is left out.
 */
function issuesBeside<Schema extends z.ZodType>(schema: Schema, given: Given, found: readonly z.core.$ZodIssue[]) {
  const wrong = new Set(found.map(({ path }) => String(path[0])));
  const parsed = parse(schema, Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name))));
  return (parsed.error?.issues ?? []).filter(
    ({ path, message }) => !wrong.has(String(path[0])) && ![...wrong].some((name) => message.includes(name)),
  );
}
