/** What `npm run rebuild`, `npm run checkpoint` and `npm run archive-gaps` share: settings, drivers, and how they end. */
import {
  checkDriverSettings,
  driverSettings,
  embeddedPaths,
  endAfter,
  EXIT_CONFIGURATION,
  loadConfig,
  loggingSettings,
} from '@watchnext/config';
import { openCheckpoints, openEventArchive } from '@watchnext/event-archive';
import { createLogger } from '@watchnext/service';
import { z } from 'zod';
import { ingestionSettings } from '../config';

const { WATCHNEXT_ARCHIVE_FLUSH_SECONDS } = ingestionSettings.shape;
const schema = z
  .object({ ...driverSettings, ...loggingSettings, WATCHNEXT_ARCHIVE_FLUSH_SECONDS })
  .superRefine(checkDriverSettings);

/** As --help tells them. */
export const EXIT_CODES = `
Exit codes: 0 done; 1 something failed; 2 a command line that cannot be used; ${EXIT_CONFIGURATION} the environment.`;

export function openCommand(name: string) {
  const settings = loadConfig(schema);
  const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
  const logger = createLogger(name, { level: settings.WATCHNEXT_LOG_LEVEL, format: settings.WATCHNEXT_LOG_FORMAT });
  const archive = openEventArchive(settings, paths.archive);
  const checkpoints = openCheckpoints(settings, paths.archive);
  return { settings, paths, logger, archive, checkpoints };
}

/** @param run its result is the exit code, by default 0 */
export function runCommand(run: () => Promise<number | void>): void {
  void endAfter(run().then((code) => code ?? 0));
}
