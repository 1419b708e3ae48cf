/** What rebuild, checkpoint, restore-log, merge-archive, expire and archive-gaps share: settings, drivers, and how they end. */
import {
  allowClosedOutput,
  EXIT_USAGE,
  SIGNAL_EXIT_CODES_HELP,
  stopOnSignals,
  type Stopping,
} from '@watchnext/command-line';
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
import { type Own, withOwned } from '@watchnext/waiting';
import { endAtOnce } from '@watchnext/threads';
import { z } from 'zod';
import { ingestionSettings } from '../config';

const { WATCHNEXT_ARCHIVE_FLUSH_SECONDS } = ingestionSettings.shape;
const schema = z
  .object({ ...driverSettings, ...loggingSettings, WATCHNEXT_ARCHIVE_FLUSH_SECONDS })
  .superRefine(checkDriverSettings);

/** As --help tells them. */
export const EXIT_CODES_HELP = `
Exit codes: 0 done; 1 something failed; ${EXIT_USAGE} a command line that cannot be used; ${EXIT_CONFIGURATION} the environment; ${SIGNAL_EXIT_CODES_HELP}.`;

export type OpenCommand = ReturnType<typeof openCommand>;

function openCommand(name: string, own: Own, stopping: Stopping) {
  const settings = loadConfig(schema);
  const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
  const logger = createLogger(name, { level: settings.WATCHNEXT_LOG_LEVEL, format: settings.WATCHNEXT_LOG_FORMAT });
  const checkpoints = own(openCheckpoints(settings, paths.archive));
  const archive = own(openEventArchive(settings, paths.archive));
  return { settings, paths, logger, archive, checkpoints, own, stopping };
}

/**
 * @param run its result is the exit code, by default 0; gives what it opens to `own`; cut off at any point, it can be started again
 * @param endsByItself when it is told to stop: for the others the end comes at once
 */
export function runCommand(
  name: string,
  run: (command: OpenCommand) => Promise<number | void>,
  { endsByItself = false } = {},
): void {
  allowClosedOutput();
  // The first process of a container is sent no signal that it does not handle: a node that drains would wait until it may kill it.
  const stopping = stopOnSignals();
  if (!endsByItself) stopping.signal.addEventListener('abort', () => endAtOnce(stopping.exitCode));
  const work = withOwned((own) => run(openCommand(name, own, stopping)));
  void endAfter(work.then((code) => code ?? 0));
}
