/** The command line of `npm run simulate`. */
import { availableParallelism, tmpdir } from 'node:os';
import {
  EXIT_USAGE,
  madeFolder,
  moment,
  namedPath,
  newFile,
  SIGNAL_EXIT_CODES_HELP,
  wholeNumber,
} from '@watchnext/command-line';
import { Command, InvalidArgumentError, Option } from 'commander';
import { FROZEN, FROZEN_WORLDS, MOST_VIDEOS, type FrozenWorldName, type WorldOptions } from '../parameters';

export const EXIT_CODES = { failed: 1, usage: EXIT_USAGE, differs: 3 } as const;

/** What the commands do, given their options as parsed. */
export interface Actions {
  archive(options: WorldFlags & { data: string; spill: string; partitions: number; workers: number }): Promise<void>;
  check(options: { world: FrozenWorldName; spill: string; workers: number }): Promise<void>;
  describe(options: WorldFlags & { every: number; kuairand?: string; svg?: string; json?: string }): Promise<void>;
  scores(
    options: WorldFlags & {
      data?: string;
      from?: number;
      knowing: 'truth' | 'log';
      rounds: number;
      every: number;
      out: string;
    },
  ): Promise<void>;
  live(options: {
    data: string;
    gateway: string;
    ingestion: string;
    apiKeyFile?: string;
    sessionsPerMinute?: number;
    speed: number;
    uploadEvery: number;
    minutes?: number;
  }): Promise<void>;
}

export interface WorldFlags {
  readonly world: FrozenWorldName;
  readonly seed?: number;
  readonly users?: number;
  readonly videos?: number;
  readonly days?: number;
  readonly end?: number;
}

/** The frozen world of that name, but for what was given besides. */
export function worldFrom(flags: WorldFlags): WorldOptions {
  const frozen = FROZEN[flags.world];
  return {
    ...frozen,
    seed: flags.seed ?? frozen.seed,
    viewerCount: flags.users ?? frozen.viewerCount,
    videoCount: flags.videos ?? frozen.videoCount,
    dayCount: flags.days ?? frozen.dayCount,
    endMs: flags.end ?? frozen.endMs,
  };
}

export function isFrozen(flags: WorldFlags): boolean {
  return [flags.seed, flags.users, flags.videos, flags.days].every((flag) => flag === undefined);
}

export function createCommand(actions: Actions): Command {
  const program = new Command('npm run simulate --')
    .description('The simulated world: writes its history as an archive, keeps it alive, and says what it looks like.')
    .addHelpText(
      'after',
      `
Worlds: small (800 viewers, 800 videos, 10 days), standard (10,000, 5,000, 60), large (100,000, 1,000,000, 20). They are frozen:
docs/simulated-world.md says what they model.

Exit codes: 0 done, 1 something failed, 2 a command line, or
settings of certificates, that cannot be used, 3 a frozen world is not what it was, ${SIGNAL_EXIT_CODES_HELP}.`,
    );
  const spill = () =>
    new Option(
      '--spill <dir>',
      'where what waits to be sorted lies meanwhile, about 500 bytes an event, in a folder of its own',
    )
      .argParser(madeFolder)
      .default(tmpdir(), 'where temporary files go');
  const workers = () =>
    new Option('--workers <n>', 'processes; any number gives the same bytes')
      .argParser(wholeNumber(1))
      .default(availableParallelism(), 'one for each core');
  const world = () => new Option('--world <name>', 'which frozen world').choices(FROZEN_WORLDS).default('standard');
  const changed = (command: Command, worldOption = world()) =>
    command
      .addOption(worldOption)
      .option('--seed <n>', 'another seed: then it is no frozen world any more, as with the next three', wholeNumber(0))
      .option('--users <n>', 'viewers', wholeNumber(1))
      .option('--videos <n>', 'videos', wholeNumber(1, MOST_VIDEOS))
      .option('--days <n>', 'days of history', wholeNumber(1))
      .option('--end <time>', 'when the history ends: "now" or as 2026-11-23T00:00Z; UTC without a zone', end);

  changed(
    program
      .command('archive')
      .description('write the history straight into the archive of a data folder, as ingestion would have'),
  )
    .requiredOption('--data <dir>', 'data folder, as the services’ WATCHNEXT_DATA_DIR', madeFolder)
    .option('--partitions <n>', 'partitions of the activity topic', wholeNumber(1), 4)
    .addOption(workers())
    .addOption(spill())
    .action((options) => actions.archive(options));

  program
    .command('check')
    .description('live a frozen world through and compare the checksum of all its records with the recorded one')
    .addOption(world())
    .addOption(workers())
    .addOption(spill())
    .action((options) => actions.check(options));

  changed(program.command('describe').description('count what the world looks like, beside KuaiRand'))
    .option('--every <n>', 'count every n-th viewer', wholeNumber(1), 1)
    .option('--kuairand <dir>', 'folder with KuaiRand’s files, to set beside it', namedPath)
    .option('--svg <file>', 'also draw a plot', newFile)
    .option('--json <file>', 'also write the figures', newFile)
    .action((options) => actions.describe(options));

  const ofData = 'or the world whose archive lies in this data folder';
  changed(
    program
      .command('scores')
      .description(
        'write what the truth says of each impression of the history, for "evaluate ranking --peer-scores": the oracle beside the models',
      ),
    world().conflicts('data'),
  )
    .addOption(
      new Option('--data <dir>', ofData).argParser(namedPath).conflicts(['seed', 'users', 'videos', 'days', 'end']),
    )
    .option(
      '--from <time>',
      'only what was served from this moment on, as 2026-11-21T00:00Z, UTC without a zone; default: all',
      moment,
    )
    .addOption(
      new Option(
        '--knowing <what>',
        'the truth, or of each viewer no more than the log told when the page was served: what an ideal learner could score, at a fifth of a ' +
          'second a page and more',
      )
        .choices(['truth', 'log'])
        .default('truth'),
    )
    .option('--rounds <n>', 'draws of the ideal learner for each page', wholeNumber(10), 100)
    .option('--every <n>', 'the impressions of every n-th viewer', wholeNumber(1), 1)
    .requiredOption('--out <csv>', 'file to write')
    .action((options) => actions.scores(options));

  program
    .command('live')
    .description(
      'keep the world of a data folder alive through the public HTTP API: viewers are served, look, watch, also what comes their way ' +
        'elsewhere, search and log in; new ones register or come anonymous, and videos are uploaded. What happened while nothing ran ' +
        'is caught up with: uploads, newcomers, logins',
    )
    .requiredOption('--data <dir>', 'data folder that "archive" wrote', namedPath)
    .option('--gateway <url>', 'the gateway', 'http://127.0.0.1:7000')
    .option('--ingestion <url>', 'the collector', 'http://127.0.0.1:7001')
    .option('--api-key-file <file>', 'holds the key that the collector asks for')
    .option('--speed <n>', 'how many times faster than the clock the world lives; 1 is real time', positive, 1)
    .option(
      '--sessions-per-minute <n>',
      'how many viewers come in a minute of the clock, on average over a week of the world, newcomers among them, who are always as many as the world has; default: its own',
      positive,
    )
    .option('--upload-every <minutes>', 'minutes of the world’s time between uploads', positive, 15)
    .option('--minutes <n>', 'stop after so long; default: on Ctrl-C', positive)
    .addHelpText(
      'after',
      '\nA collector that asks for certificates is shown those of WATCHNEXT_GRPC_TLS_…, as services are. Exit code 1 when an event was refused ' +
        'or could not be delivered, also on Ctrl-C.',
    )
    .action((options) => actions.live(options));
  return program;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1e9)) throw new InvalidArgumentError('it must be a number above 0.');
  return value;
}

function end(text: string): number {
  if (text === 'now') return Math.floor(Date.now() / 60_000) * 60_000;
  try {
    return moment(text);
  } catch (error) {
    throw new InvalidArgumentError(`it is "now", or else ${(error as Error).message}`);
  }
}
