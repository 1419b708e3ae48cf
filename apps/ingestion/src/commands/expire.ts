import { endOnUsage, startTask, wholeNumber } from '@watchnext/command-line';
import { openSystemLog } from '@watchnext/event-log';
import { openFeatureStore } from '@watchnext/feature-store';
import { DAY_MS } from '@watchnext/features';
import { Command } from 'commander';
import { expireViewers } from '../expire/expire-viewers';
import { EXIT_CODES_HELP, type OpenCommand, runCommand } from './command';

/** One day is less than the 24 hours and 10 minutes that the contract asks for. */
const LEAST_IDLE_DAYS = 2;

interface Options {
  readonly idleDays: number;
  readonly withProfiles: boolean;
  readonly dryRun: boolean;
  readonly patience: number;
}

const program = new Command('npm run expire --')
  .description(
    'Lets go of viewers to whom nothing happened for so many days: their states leave the feature store, and whoever comes back is a new viewer.\n' +
      'What training learns from them stays in the archive. It may run twice, and beside everything; cut off, the next run goes on.',
  )
  .requiredOption(
    '--idle-days <n>',
    'days without an event of the viewer, lists included',
    wholeNumber(LEAST_IDLE_DAYS),
  )
  .option('--with-profiles', 'users with a profile too; only another userUpserted brings a profile back', false)
  .option('--dry-run', 'count, and send nothing', false)
  .option('--patience <seconds>', 'for materialisers to fold up to 1,000 expiries', wholeNumber(1), 60)
  .allowExcessArguments(false)
  .addHelpText('after', EXIT_CODES_HELP)
  .exitOverride(endOnUsage)
  .parse();

async function expire({ settings, paths, own, stopping }: OpenCommand): Promise<number> {
  const { idleDays, withProfiles, dryRun, patience } = program.opts<Options>();
  const log = own(await openSystemLog(settings, paths.eventLog, 'ingestion'));
  const store = own(openFeatureStore(settings, paths.featureStore));
  const task = startTask(dryRun ? 'Looking for idle viewers' : 'Letting go of viewers', 'viewers');
  try {
    const parts = { log, store, partitionCount: settings.WATCHNEXT_ACTIVITY_PARTITIONS };
    const report = await expireViewers(parts, {
      idleSinceMs: Date.now() - idleDays * DAY_MS,
      ...{ withProfiles, dryRun, patienceMs: patience * 1_000, signal: stopping.signal },
      onProgress: (lookedAt, total) => task.update(lookedAt, Math.max(lookedAt, total)),
    });
    task.finish();
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return 0;
  } catch (error) {
    task.abandon();
    if (!stopping.signal.aborted) throw error;
    process.stderr.write('stopped; the next run goes on\n');
    return stopping.exitCode;
  }
}

runCommand('expire', expire, { endsByItself: true });
