import {
  endOnUsage,
  EXIT_USAGE,
  newFile,
  refuseUnheeded,
  SIGNAL_EXIT_CODES,
  SIGNAL_EXIT_CODES_HELP,
  wholeNumber,
} from '@watchnext/command-line';
import { driverSettings, EXIT_CONFIGURATION, loggingSettings, TRAINER_EXIT_CODES } from '@watchnext/config';
import {
  RANKING_OBJECTIVES,
  RANKING_PRECISIONS,
  type RankingObjective,
  type RankingPrecision,
} from '@watchnext/ranking-model';
import { Command, Option } from 'commander';
import { trainerSettings } from './settings';

/** How the trainer was asked to run. */
export interface TrainerCommand {
  /** One run, then exit; otherwise runs on the schedule. */
  readonly once: boolean;
  /** Whole UTC days held out at the end of the log. */
  readonly evaluationDays: number;
  /** Where to write the metrics as JSON; undefined: nowhere. */
  readonly metricsJson: string | undefined;
  readonly seed: number;
  readonly rankingObjective: RankingObjective;
  readonly rankingPrecision: RankingPrecision;
  /** Publish what the gate rejects, for comparisons; its checks stay in the manifest. */
  readonly overrideGate: boolean;
  /** False: publish without moving the pointer, for an experiment whose variant names the snapshot. */
  readonly current: boolean;
}

/** Exit codes of `--once`, as --help tells them. */
export const EXIT_CODES = { ...TRAINER_EXIT_CODES, stopped: SIGNAL_EXIT_CODES.SIGTERM } as const;

/** Of the schema, so that none is left out. */
const OWN_SETTINGS = Object.keys(trainerSettings.shape).filter(
  (name) => !(name in driverSettings) && !(name in loggingSettings),
);

/**
 * Parses the command line. Ends the process after --help (0) and for a line that it cannot use (2), unless told to throw.
 *
 * @throws CommanderError with `exitOverride`
 */
export function parseCommand(argv: readonly string[], options: { exitOverride?: boolean } = {}): TrainerCommand {
  const command = new Command('trainer')
    .description(
      'Replays the event archive, trains and evaluates both models, and publishes a snapshot if the gate passes it.',
    )
    .option('--once', 'train once and exit; otherwise train on WATCHNEXT_TRAINER_SCHEDULE', false)
    .option('--evaluation-days <n>', 'whole UTC days held out at the end of the log', wholeNumber(1), 1)
    .option('--metrics-json <file>', 'also write the table of metrics to this file, as JSON', newFile)
    .option('--seed <n>', 'seed of everything random: same archive and seed, same metrics', wholeNumber(0), 1)
    .addOption(
      new Option('--ranking-objective <name>', 'what the ranking model learns; "paper" and "click" are for comparisons')
        .choices(RANKING_OBJECTIVES)
        .default('expected-watch-time'),
    )
    .addOption(
      new Option(
        '--ranking-precision <name>',
        'of the hidden layers that ranking is served with, and measured with for the gate',
      )
        .choices(RANKING_PRECISIONS)
        .default('float32'),
    )
    .option('--override-gate', 'publish what the gate rejects, for comparisons; its checks stay in the manifest', false)
    .option('--not-current', 'publish beside the current snapshot, for an experiment to name; with --once', false)
    .allowExcessArguments(false)
    .addHelpText(
      'after',
      `
Exit codes of --once: ${EXIT_CODES.published} published, current or not, ${EXIT_CODES.rejected} rejected by the gate, ${EXIT_CODES.nothingToTrain} nothing to train on, ${SIGNAL_EXIT_CODES_HELP},
${EXIT_CODES.failed} any other failure; ${EXIT_USAGE} for a command line and ${EXIT_CONFIGURATION} for an environment that cannot be used.

Environment, as apps/trainer/README.md explains it; what all apps take is in docs/settings.md:
${OWN_SETTINGS.map((name) => `  ${name}`).join('\n')}`,
    );
  if (options.exitOverride) command.exitOverride().configureOutput({ writeErr: () => undefined });
  else command.exitOverride(endOnUsage);
  command.parse(argv as string[], { from: 'user' });
  const { notCurrent, ...opts } = command.opts<Omit<TrainerCommand, 'current'> & { readonly notCurrent: boolean }>();
  // An experiment names one snapshot: those of a schedule nobody would ever serve.
  refuseUnheeded(command, ['notCurrent'], opts.once, 'a single run: give --once too');
  return { ...opts, current: !notCurrent };
}
