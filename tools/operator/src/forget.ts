import { writeFile } from 'node:fs/promises';
import { endOnUsage, wholeNumber } from '@watchnext/command-line';
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

new Command('forget')
  .description(
    'Removes users whose deletion is in the archive from archive and checkpoints, and scans for what remains.\n' +
      'Ends with 0 when nothing remains, 3 when something does, 2 for a command line that cannot be used. Run the trainer next: its snapshot is made without them.',
  )
  .option(
    '--user <ids...>',
    'only these users, and the anonymous viewers merged into them; default: all who were deleted',
  )
  .option('--dry-run', 'count, and change nothing')
  .option('--json', 'the report as JSON on standard output')
  .option('--report <file>', 'the report as JSON into a file as well')
  .option('--patience <seconds>', 'for the deletions of merged viewers to be archived', wholeNumber(), 60)
  .exitOverride(endOnUsage)
  .action((options: Options) =>
    withDrivers(async (drivers) => {
      const report = await forgetUsers(drivers, {
        userIds: options.user,
        dryRun: options.dryRun,
        patienceMs: options.patience * 1_000,
      });
      const json = JSON.stringify(report, null, 2);
      if (options.report !== undefined) await writeFile(options.report, `${json}\n`);
      process.stdout.write(`${options.json ? json : describeReport(report)}\n`);
      const remains = report.remainingRecordCount + report.remainingCheckpointedStateCount > 0;
      return remains && !options.dryRun ? EXIT_REMAINING : 0;
    }),
  )
  .parse();
