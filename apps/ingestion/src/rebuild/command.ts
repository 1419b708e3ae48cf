/** What `npm run rebuild` and `npm run checkpoint` share: settings, drivers, and how they end. */
import {
  checkDriverSettings,
  ConfigError,
  driverSettings,
  embeddedPaths,
  loadConfig,
  loggingSettings,
} from '@watchnext/config';
import { openCheckpoints, openEventArchive } from '@watchnext/event-archive';
import { createLogger } from '@watchnext/service';
import { z } from 'zod';

const schema = z.object({ ...driverSettings, ...loggingSettings }).superRefine(checkDriverSettings);
const EXIT_USAGE = 64;
const EXIT_CONFIGURATION = 78;

export class UsageError extends Error {}

export function openCommand(name: string) {
  const settings = loadConfig(schema);
  const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
  const logger = createLogger(name, { level: settings.WATCHNEXT_LOG_LEVEL, format: settings.WATCHNEXT_LOG_FORMAT });
  const archive = openEventArchive(settings, paths.archive);
  const checkpoints = openCheckpoints(settings, paths.archive);
  return { settings, paths, logger, archive, checkpoints };
}

/** What `parse` reads of the command line. @throws UsageError for what it does not know */
export function readArguments<Arguments>(usage: string, parse: () => Arguments): Arguments {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usage}`);
  }
}

/** @throws UsageError */
export function wholeNumber(text: string, option: string, lowest: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < lowest)
    throw new UsageError(`${option} takes a whole number from ${lowest}`);
  return number;
}

export function runCommand(run: () => Promise<void>): void {
  run().then(
    () => process.exit(0),
    (error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exit(error instanceof UsageError ? EXIT_USAGE : error instanceof ConfigError ? EXIT_CONFIGURATION : 1);
    },
  );
}
