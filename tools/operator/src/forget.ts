import { writeFile } from 'node:fs/promises';
import { allowClosedOutput, endOnUsage, newFile, printableJson, wholeNumber } from '@watchnext/command-line';
import { Command } from 'commander';
import { describeReport, forgetUsers } from './forget-users';
import { withDrivers } from './program';

const EXIT_REMAINING = 3;

interface Options {
  readonly user?: string[];
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly report?: string;
  readonly patience: number;
}

allowClosedOutput();

new Command('forget')
  .description(
    'Removes users whose deletion is in the archive from archive and checkpoints, and scans for what remains.\n' +
      'Ends with 0 when nothing remains, 3 when something does or the archive has no deletion of one of --user, 2 for a command line that cannot be used. Run the trainer next: its snapshot is made without them.',
  )
  .option(
    '--user <ids...>',
    'only these users, and the anonymous viewers merged into them; default: all who were deleted',
  )
  .option('--dry-run', 'count, and change nothing')
  .option('--json', 'the report as JSON on standard output')
  .option('--report <file>', 'the report as JSON into a file as well', newFile)
  .option('--patience <seconds>', 'for the deletions of merged viewers to be archived', wholeNumber(), 60)
  .exitOverride(endOnUsage)
  .action((options: Options) =>
    withDrivers(async (drivers) => {
      const report = await forgetUsers(drivers, {
        userIds: options.user,
        dryRun: options.dryRun,
        patienceMs: options.patience * 1_000,
      });
      const json = printableJson(report, 2);
      // Before the file, which may fail: another run would not find what this one removed.
      process.stdout.write(`${options.json ? json : describeReport(report)}\n`);
      if (options.report !== undefined) await writeFile(options.report, `${json}\n`);
      const remains = !options.dryRun && report.remainingRecordCount + report.remainingCheckpointedStateCount > 0;
      return remains || report.unknownUserIds.length > 0 ? EXIT_REMAINING : 0;
    }),
  )
  .parse();
