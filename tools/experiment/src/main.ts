/** npm run experiment -- COMMAND: experiments from their definition to their verdict. */
import { writeFile } from 'node:fs/promises';
import {
  allowClosedOutput,
  endOnUsage,
  moment,
  newFile,
  percent,
  textTable,
  wholeNumber,
} from '@watchnext/command-line';
import { endByFailure, exitCodeOf, messageOrStack } from '@watchnext/config';
import { EventArchiveError } from '@watchnext/event-archive';
import { Assigner, type Experiment, ExperimentsError, metricOf, unsafeChanges } from '@watchnext/experiments';
import { Command, InvalidArgumentError } from 'commander';
import { DAY_MS } from '@watchnext/features';
import {
  AT_HELP,
  EXIT,
  experimentNamed,
  type FileOption,
  readDefinitions,
  wholeDays,
  withArchive,
  withFile,
} from './command-context';
import { NothingToCheckError } from './aa';
import { addAaCommand } from './aa-command';
import { addExportCommand } from './export-command';
import { FileExistsError } from './export-users';
import { number, pValue, whole } from './format';
import { policyOf, valuePolicy } from './off-policy';
import { type Plan, planExperiment } from './plan';
import { renderHtml } from './render-html';
import { renderJson } from './render-json';
import { renderText } from './render-text';
import { hasResult, NotStartedError, reportExperiment } from './report';
import { InterleavedError, NoTreatmentError } from './treatments';

const positive = (text: string) => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0');
  return value;
};

/** @returns the name as it is */
function policyName(text: string): string {
  try {
    policyOf(text);
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(error.message);
    throw error;
  }
  return text;
}

allowClosedOutput();

const program = new Command('experiment')
  .exitOverride(endOnUsage)
  .description(
    'Experiments from their definition to their verdict. Definitions come from --file or WATCHNEXT_EXPERIMENTS_FILE, events from\n' +
      'the archive that the WATCHNEXT_… variables name, as for every service.\n' +
      'Times are as 2026-11-24 or 2026-11-24T10:00Z; UTC where they name no zone.\n' +
      `Ends with 0 when done, ${EXIT.invalid} for definitions that are not usable, ${EXIT.noResult} when there is no result to report or A/A tests are not sound, ${EXIT.configuration} for the environment, 1 for anything else.`,
  )
  .showHelpAfterError();

interface OffPolicyOptions {
  readonly policy: string;
  readonly from: number;
  readonly until?: number;
  readonly experiment?: string;
  readonly position?: number;
  readonly json?: boolean;
}

withFile(program.command('validate'))
  .description('checks the definitions, and with --against that a change spoils no experiment that has started')
  .option('--against <path>', 'the definitions as they are in force now')
  .option('--at <time>', 'what counts as running, and as ended; default: now', moment)
  .action(async ({ file, against, at }: FileOption & { against?: string; at?: number }) => {
    const after = await readDefinitions({ file });
    if (against !== undefined) {
      const changes = unsafeChanges(await readDefinitions({ file: against }), after, at ?? Date.now());
      if (changes.length > 0) {
        throw new ExperimentsError(
          changes.map(({ name, state, movedShare, droppedShare, reasons }) =>
            [
              `${name} ${state === 'running' ? 'is running and would be spoilt' : 'has ended and may only be removed'}:`,
              ...reasons,
              ...(movedShare > 0 ? [`${percent(movedShare)} of its users would change their variant`] : []),
              ...(droppedShare > 0 ? [`${percent(droppedShare)} would leave it`] : []),
              state === 'running'
                ? 'give it a new name; what may grow while it runs are all shares, by one factor, and its part of the layer'
                : 'give a second run a new name',
            ].join('\n    '),
          ),
        );
      }
    }
    process.stdout.write(`${after.experiments.length} experiments in ${after.layers.length} layers are sound\n`);
  });

withFile(program.command('assign'))
  .description('says which variant a user is in')
  .argument('<user>', 'id of the user')
  .option('--experiment <name>', 'only this one')
  .option('--json', 'as JSON')
  .action(async (user: string, options: FileOption & { experiment?: string; json?: boolean }) => {
    const definitions = await readDefinitions(options);
    const chosen =
      options.experiment === undefined ? definitions.experiments : [experimentNamed(definitions, options.experiment)];
    const assigner = new Assigner(definitions);
    const rows = chosen.map((experiment) => {
      const assignment = assigner.within(experiment, user);
      return {
        experiment: experiment.name,
        layer: experiment.layer,
        variant: assignment?.variant.name ?? null,
        overridden: assignment?.overridden ?? false,
        running: experiment.start <= Date.now() && Date.now() < experiment.stop,
        serving: assignment?.variant.serving ?? {},
      };
    });
    process.stdout.write(
      options.json
        ? renderJson(rows)
        : `${textTable(
            ['experiment', 'layer', 'variant', 'running', 'served with'],
            rows.map((row) => [
              row.experiment,
              row.layer,
              row.variant === null ? 'not in it' : `${row.variant}${row.overridden ? ' (tester)' : ''}`,
              row.running ? 'yes' : 'no',
              JSON.stringify(row.serving),
            ]),
          )}\n`,
    );
  });

withFile(program.command('report'))
  .description('what an experiment did, and whether that may be believed')
  .argument('<name>', 'of the experiment')
  .option('--html <file>', 'also as a page with plots', newFile)
  .option('--json [file]', 'as JSON, on standard output or into a file', newFile)
  .option('--at <time>', AT_HELP, moment)
  .action(async (name: string, options: FileOption & { html?: string; json?: string | boolean; at?: number }) => {
    const experiment = experimentNamed(await readDefinitions(options), name);
    const report = await withArchive((archive) => reportExperiment(archive, experiment, options.at ?? Date.now()));
    process.stdout.write(options.json === true ? renderJson(report) : renderText(report));
    if (options.html !== undefined) await writeFile(options.html, renderHtml(report));
    if (typeof options.json === 'string') await writeFile(options.json, renderJson(report));
    if (options.html !== undefined && options.json !== true)
      process.stdout.write(`\nThe page is in ${options.html}.\n`);
    if (!hasResult(report)) process.exitCode = EXIT.noResult;
  });

addExportCommand(program);
addAaCommand(program);

withFile(program.command('power'))
  .description('how long an experiment must run, measured on the last days of the archive')
  .argument('<name>', 'of the experiment; it need not have started')
  .option('--lift <share>', 'the lift to find, as 0.02 for 2%; default: its minimumLift', positive)
  .option('--days <n>', 'days of the archive to measure on, or those since its first list', wholeDays, 14)
  .option('--at <time>', 'where those days end; default: now', moment)
  .option('--json', 'as JSON')
  .action(async (name: string, options: FileOption & { lift?: number; days: number; at?: number; json?: boolean }) => {
    const experiment = experimentNamed(await readDefinitions(options), name);
    const plan = await withArchive((archive) =>
      planExperiment(archive, experiment, {
        days: options.days,
        lift: options.lift ?? experiment.minimumLift,
        nowMs: options.at ?? Date.now(),
      }),
    );
    process.stdout.write(options.json ? renderJson(plan) : planText(plan, experiment, options.days));
    if (plan.users < 2) process.exitCode = EXIT.noResult;
  });

program
  .command('off-policy')
  .description('what another policy would have earned, from the places that were filled by chance')
  .requiredOption(
    '--policy <policy>',
    'greedy, uniform, epsilon=0.1 or softmax=20 (temperature in seconds)',
    policyName,
  )
  .requiredOption('--from <time>', 'lists served from then on', moment)
  .option('--until <time>', 'and before then; default: a day ago, as younger ones may still be watched', moment)
  .option('--experiment <name>', 'only lists of this experiment')
  .option('--position <n>', 'only this place of the list, from 0; needed where several were drawn', wholeNumber(0, 49))
  .option('--json', 'as JSON')
  .action(async (options: OffPolicyOptions) => {
    const { experiment, position } = options;
    const question = { policy: policyOf(options.policy), fromMs: options.from, experiment, position };
    const estimate = await withArchive((archive) =>
      valuePolicy(archive, { ...question, untilMs: options.until ?? Date.now() - DAY_MS }),
    );
    if (options.json) process.stdout.write(renderJson(estimate));
    else {
      const { drawCount, userCount, effectiveDraws, effectiveUsers, meanWeight, logged, refusal, dropped } = estimate;
      const left = dropped.unscored + dropped.notShown;
      const rows = (
        [
          ['as it was logged', logged],
          ['inverse propensity', estimate.inversePropensity],
          ['self-normalised', estimate.selfNormalised],
          ['doubly robust', estimate.doublyRobust],
        ] as const
      ).flatMap(([title, value]) =>
        value
          ? [
              [
                title,
                number(value.value),
                number(value.standardError),
                `${number(value.interval95.low)} to ${number(value.interval95.high)}`,
              ],
            ]
          : [],
      );
      process.stdout.write(
        `${whole(drawCount)} draws of ${whole(userCount)} users; effective sample size ${number(effectiveDraws)} draws, ${number(effectiveUsers)} users; mean weight ${number(meanWeight)}\n` +
          (left === 0
            ? ''
            : `left out: ${whole(dropped.unscored)} draws without scores, ${whole(dropped.notShown)} whose video is not at its place\n`) +
          `${textTable(['watch seconds at the place', 'value', 'error', '95%'], rows)}\n${refusal === undefined ? '' : `REFUSED: ${refusal}\n`}`,
      );
    }
    if (estimate.refusal !== undefined) process.exitCode = EXIT.noResult;
  });

function planText(plan: Plan, { primaryMetric, alpha, power, variants }: Experiment, askedDays: number): string {
  if (plan.users < 2)
    return `nobody of the audience was served in the last ${askedDays} days of the archive: there is nothing to plan by\n`;
  const { days } = plan;
  const inDays = (count: number | undefined) => (count === undefined ? `more than ${days} days` : `${count} days`);
  return [
    `${plan.experiment}: ${primaryMetric}, ${number(plan.controlValue)} on average of ${whole(plan.users)} users in ${days} days`,
    `shares ${variants.map(({ name, share }) => `${name} ${share}`).join(', ')}; alpha ${alpha}, power ${power}; the covariate takes away ${percent(plan.varianceReduction, 0)} of the variance`,
    ...(days < askedDays
      ? [`measured on ${days} of the ${askedDays} days asked for: the archive has no list of before`]
      : []),
    ...(plan.notMeasured.length > 0
      ? [
          `not measured: ${plan.notMeasured.join(', ')} of the audience; the archive does not tell them, so users count whatever theirs are`,
        ]
      : []),
    '',
    `a lift of ${percent(plan.lift, 2)} takes`,
    `  looked at once, at the end: ${inDays(plan.fixedDays)}`,
    `  looked at every day:        ${inDays(plan.alwaysValidDays)}`,
    ...(plan.guardrails.length > 0
      ? [
          '',
          'guardrails of a treatment that leaves them as they are hold after',
          textTable(
            ['guardrail', 'most harm', 'now', 'one look', 'daily looks'],
            plan.guardrails.map(({ metric, mostHarm, controlValue, fixedDays, alwaysValidDays }) => [
              metricOf(metric).label,
              percent(mostHarm),
              number(controlValue),
              inDays(fixedDays),
              inDays(alwaysValidDays),
            ]),
          ),
          '',
        ]
      : []),
    `after ${days} days, looked at once, a lift of ${percent(plan.smallestLift, 2)} would be found`,
    '',
    textTable(
      ['day', 'power, one look', 'power, daily looks'],
      plan.fixedPowers.map((fixed, index) => [String(index + 1), pValue(fixed), pValue(plan.alwaysValidPowers[index])]),
    ),
    '',
  ].join('\n');
}

const NO_RESULT_ERRORS = [NotStartedError, NoTreatmentError, InterleavedError, NothingToCheckError];
const KNOWN_ERRORS = [ExperimentsError, FileExistsError, ...NO_RESULT_ERRORS, EventArchiveError, RangeError];

program.parseAsync().catch((thrown: unknown) =>
  endByFailure(thrown, {
    describe: (error) => (KNOWN_ERRORS.some((known) => error instanceof known) ? error.message : messageOrStack(error)),
    exitCode: (error) =>
      error instanceof ExperimentsError
        ? EXIT.invalid
        : NO_RESULT_ERRORS.some((known) => error instanceof known)
          ? EXIT.noResult
          : exitCodeOf(error),
  }),
);
