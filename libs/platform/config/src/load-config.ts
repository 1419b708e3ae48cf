import { z } from 'zod';

/** The environment does not describe a runnable program; the message lists every variable at fault. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Parses the environment once into a typed object. Unset and empty variables take the schema's defaults.
 *
 * @example
 *   const settings = loadConfig(z.object({ WATCHNEXT_HTTP_PORT: port(3000) }));
 * @throws ConfigError naming each variable and what it should be; values are not repeated, as they may be secrets
 */
export function loadConfig<Schema extends z.ZodType>(schema: Schema, environment = process.env): z.infer<Schema> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => `${issue.path.join('.') || 'environment'}: ${issue.message}`),
  );
}
