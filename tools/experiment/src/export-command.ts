import { moment, newPath, startTask } from '@watchnext/command-line';
import { type Command, InvalidArgumentError } from 'commander';
import { READING, withTask } from './archive-progress';
import { AT_HELP, experimentNamed, type FileOption, readDefinitions, withArchive, withFile } from './command-context';
import { exportUsers, formatOf, type UserExport } from './export-users';
import { whole } from './format';

/** @returns the path as it is */
function tableFile(path: string): string {
  if (formatOf(path) === undefined)
    throw new InvalidArgumentError('it must end in .parquet or .csv, which tells how it is written.');
  return newPath(path);
}

export function addExportCommand(program: Command): void {
  withFile(program.command('export'))
    .description('the users that a report counts, as a table: one row each, with what every metric counts of them')
    .argument('<name>', 'of the experiment')
    .requiredOption('--out <file>', 'the file to write, .parquet or .csv; never one that is there', tableFile)
    .option('--at <time>', AT_HELP, moment)
    .action(async (name: string, options: FileOption & { out: string; at?: number }) => {
      const experiment = experimentNamed(await readDefinitions(options), name);
      const exported = await withArchive((archive) =>
        withTask(startTask, READING, (task) =>
          exportUsers(archive, experiment, options.at ?? Date.now(), options.out, task),
        ),
      );
      process.stdout.write(exportText(exported, options.out));
    });
}

function exportText({ untilMs, rowCount, compared, leftOut, objections }: UserExport, path: string): string {
  return [
    `${whole(rowCount)} users up to ${new Date(untilMs).toISOString()} are in ${path}`,
    `  compared: ${compared.map(({ variant, users }) => `${variant} ${whole(users)}`).join(', ')}`,
    ...(leftOut.length > 0
      ? [`  left out: ${leftOut.map(({ reason, users }) => `${reason} ${whole(users)}`).join(', ')}`]
      : []),
    ...objections.map((text) => `  the report shows NO RESULT of them: ${text}`),
    '',
  ].join('\n');
}
