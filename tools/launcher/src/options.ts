/** The command line of `npm start`. */
import { getHeapStatistics } from 'node:v8';
import {
  endOnUsage,
  EXIT_USAGE,
  namedPath,
  newFile,
  refuseUnheeded,
  SIGNAL_EXIT_CODES,
  SIGNAL_EXIT_CODES_HELP,
  wholeNumber,
} from '@watchnext/command-line';
import { IMPORTERS } from '@watchnext/datasets';
import { Command, Option } from 'commander';

export interface LauncherOptions {
  /** 'simulator', or the name of an importer. */
  readonly dataset: string;
  /** Folder or file of the data set; undefined for the simulator. */
  readonly path: string | undefined;
  /** For --dataset table: the file that says which column is what. */
  readonly mappingFile: string | undefined;
  /** Takes a proposed mapping without asking. */
  readonly yes: boolean;
  readonly dataDirectory: string;
  readonly fresh: boolean;
  /** Preferred port of the page. */
  readonly port: number;
  readonly world: { readonly seed: number; readonly users: number; readonly videos: number; readonly days: number };
  /** Options that the caller gave; the rest are defaults, and a folder in use keeps its own. */
  readonly given: ReadonlySet<string>;
  readonly onceAndExit: boolean;
  readonly jsonFile: string | undefined;
}

/** Exit codes, as --help tells them. */
export const EXIT_CODES = { done: 0, failed: 1, usage: EXIT_USAGE, noSnapshot: 3 } as const;

/** Fewer videos than this and the models have nothing to choose from. */
const FEWEST_VIDEOS = 200;

/** Of the history in memory, of each viewer and day: 10 KiB to 12 KiB were seen. */
const BYTES_PER_VIEWER_DAY = 12 * 1_024;
/** The rest is the programs' own, and room to sort in. */
const HISTORY_SHARE_OF_HEAP = 0.6;

/**
 * Parses the command line. Ends the process after --help (0) and for a line that it cannot use (2), unless told to throw.
 *
 * @throws CommanderError with `exitOverride`
 */
export function parseOptions(
  argv: readonly string[],
  settings: { exitOverride?: boolean; defaultDataDirectory: string },
): LauncherOptions {
  const command = new Command('npm start --')
    .description('Runs all of WatchNext on this machine: loads data, trains, serves, and keeps a small world alive.')
    .addOption(
      new Option('--dataset <name>', 'what to load').choices(['simulator', ...IMPORTERS.keys()]).default('simulator'),
    )
    .option('--path <path>', "the data set's folder or file, for any --dataset but the simulator", namedPath)
    .option('--mapping <file>', 'for --dataset table: which column is what; without it, a mapping is proposed')
    .option('--yes', 'take the proposed mapping without asking', false)
    .option('--data <dir>', 'where all state lies', namedPath, settings.defaultDataDirectory)
    .option('--fresh', 'forget the state and begin anew', false)
    .option('--port <n>', 'port of the page, or any free one if it is taken', wholeNumber(0, 65_535), 7_000)
    .option('--seed <n>', 'seed of the simulated world', wholeNumber(0, Number.MAX_SAFE_INTEGER), 1)
    .option('--users <n>', 'viewers in the simulated world', wholeNumber(1, 1_000_000), 800)
    .option(
      '--videos <n>',
      `videos in the simulated world (default: as many as users, at least ${FEWEST_VIDEOS})`,
      wholeNumber(1, 1_000_000),
    )
    .option('--days <n>', 'days of history in the simulated world', wholeNumber(2, 365), 10)
    .option('--once-and-exit', 'stop after the first list', false)
    .option('--json <file>', 'also write what was measured to this file, as JSON', newFile)
    .allowExcessArguments(false)
    .addHelpText(
      'after',
      `
A second start continues from the state; ${'`--fresh`'} begins anew. Ctrl-C stops everything.

Exit codes: 0 stopped, or done with --once-and-exit; 1 something failed; 2 a command line that cannot be used;
3 with --once-and-exit: no snapshot passed the gate; before the first list: ${SIGNAL_EXIT_CODES_HELP},
${SIGNAL_EXIT_CODES.SIGHUP} its terminal was closed (SIGHUP).`,
    );
  if (settings.exitOverride)
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  else command.exitOverride(endOnUsage);
  command.parse(argv as string[], { from: 'user' });
  const values = command.opts<{
    dataset: string;
    path?: string;
    mapping?: string;
    yes: boolean;
    data: string;
    fresh: boolean;
    port: number;
    seed: number;
    users: number;
    videos?: number;
    days: number;
    onceAndExit: boolean;
    json?: string;
  }>();
  const isSimulated = values.dataset === 'simulator';
  if (!isSimulated && values.path === undefined)
    command.error(`error: --dataset ${values.dataset} needs --path, where its files are`);
  refuseUnheeded(command, ['path'], !isSimulated, 'a --dataset other than the simulator');
  refuseUnheeded(command, ['seed', 'users', 'videos', 'days'], isSimulated, '--dataset simulator');
  refuseUnheeded(command, ['mapping', 'yes'], values.dataset === 'table', '--dataset table');
  const { seed, users, videos = Math.max(FEWEST_VIDEOS, users), days } = values;
  const mostViewerDays = Math.floor(
    (HISTORY_SHARE_OF_HEAP * getHeapStatistics().heap_size_limit) / BYTES_PER_VIEWER_DAY,
  );
  if (isSimulated && users * days > mostViewerDays)
    command.error(
      `error: the history of ${users} viewers in ${days} days does not fit into memory: here --users times --days may be at most ${mostViewerDays}. ` +
        `Larger worlds are written straight into an archive, to train on without this command:\n` +
        `  npm run simulate -- archive --world small --seed ${seed} --users ${users} --videos ${videos} --days ${days} --end now --data DIR\n` +
        '  WATCHNEXT_DATA_DIR=DIR node apps/trainer/dist/main.js --once',
    );
  return {
    dataset: values.dataset,
    path: values.path,
    mappingFile: values.mapping,
    yes: values.yes,
    dataDirectory: values.data,
    fresh: values.fresh,
    port: values.port,
    world: { seed, users, videos, days },
    given: new Set(
      command.options
        .map((option) => option.attributeName())
        .filter((name) => command.getOptionValueSource(name) === 'cli'),
    ),
    onceAndExit: values.onceAndExit,
    jsonFile: values.json,
  };
}
