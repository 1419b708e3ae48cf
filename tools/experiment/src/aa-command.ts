import { writeFile } from 'node:fs/promises';
import { moment, newFile, startTask, wholeNumber } from '@watchnext/command-line';
import { METRIC_NAMES, type MetricName } from '@watchnext/experiments';
import { renderHtmlDocument } from '@watchnext/plots';
import { type Command, InvalidArgumentError } from 'commander';
import { checkAa, NothingToCheckError } from './aa';
import { aaDocument, aaText } from './aa-document';
import {
  EXIT,
  experimentNamed,
  type FileOption,
  readDefinitions,
  withArchive,
  wholeDays,
  withFile,
} from './command-context';
import { renderJson } from './render-json';

interface AaCommandOptions extends FileOption {
  readonly days: number;
  readonly until?: number;
  readonly metrics?: readonly MetricName[];
  readonly replicates: number;
  readonly seed: number;
  readonly html?: string;
  readonly json?: boolean;
}

function metricNames(text: string): MetricName[] {
  return text.split(',').map((part) => {
    const name = METRIC_NAMES.find((one) => one === part.trim());
    if (name === undefined)
      throw new InvalidArgumentError(
        `there is no metric ${part.trim() || '""'}; there are ${METRIC_NAMES.join(', ')}.`,
      );
    return name;
  });
}

export function addAaCommand(program: Command): void {
  withFile(program.command('aa'))
    .description('A/A tests: how often reports would call users different who were served alike')
    .argument('[name]', 'of an experiment that has not started, to split as it will; default: in two halves')
    .option('--days <n>', 'days of the archive to look at', wholeDays, 14)
    .option('--until <time>', 'where those days end; default: now, or the start of the experiment', moment)
    .option(
      '--metrics <names>',
      `only these, with commas between them; default: all of ${METRIC_NAMES.join(', ')}`,
      metricNames,
    )
    .option('--replicates <n>', 'times that the users are split', wholeNumber(100, 100_000), 500)
    .option('--seed <n>', 'of the salts: the same seed splits in the same ways', wholeNumber(0), 1)
    .option('--html <file>', 'also as a page with plots', newFile)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nEnds with 0 when sound, ${EXIT.noResult} when not sound or when there is nothing to check.`,
    )
    .action(async (name: string | undefined, options: AaCommandOptions) => {
      const experiment = name === undefined ? undefined : experimentNamed(await readDefinitions(options), name);
      const startMs = experiment?.start ?? Infinity;
      const untilMs = options.until ?? Math.min(Date.now(), startMs);
      if (untilMs > startMs)
        throw new NothingToCheckError(
          `${name} starts at ${new Date(startMs).toISOString()}, from when on its users are not served alike: let --until be then at the latest`,
        );
      const report = await withArchive((archive) => checkAa(archive, { ...options, experiment, untilMs }, startTask));
      process.stdout.write(options.json ? renderJson(report) : aaText(report));
      if (options.html !== undefined) {
        await writeFile(options.html, renderHtmlDocument(aaDocument(report)));
        if (!options.json) process.stdout.write(`\nThe page is in ${options.html}.\n`);
      }
      if (!report.isSound) process.exitCode = EXIT.noResult;
    });
}
