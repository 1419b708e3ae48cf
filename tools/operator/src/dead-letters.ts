import {
  allowClosedOutput,
  endOnUsage,
  EXIT_USAGE,
  moment,
  printable,
  printableJson,
  wholeNumber,
} from '@watchnext/command-line';
import { Command, Option } from 'commander';
import {
  collectLetters,
  forEachLetter,
  ImpossibleFilterError,
  type Letter,
  type LetterCounts,
  type LetterFilter,
  replayLetters,
  TooManyLettersError,
} from './letters';
import { type Drivers, withDrivers } from './program';

interface FilterOptions {
  readonly code?: string[];
  readonly topic?: string;
  readonly partition?: number;
  readonly user?: string;
  readonly event?: string;
  readonly since?: number;
  readonly until?: number;
}

const filterOf = (options: FilterOptions): LetterFilter => ({
  codes: options.code,
  topic: options.topic,
  partition: options.partition,
  userId: options.user,
  eventId: options.event,
  sinceMs: options.since,
  untilMs: options.until,
});

function withFilters(command: Command): Command {
  return command
    .addOption(new Option('--code <codes...>', 'only these causes, as "too-old" or "undecodable"'))
    .addOption(new Option('--topic <name>', 'only from this topic'))
    .addOption(new Option('--partition <number>', 'only from this partition').argParser(wholeNumber()))
    .addOption(new Option('--user <id>', 'only of this user'))
    .addOption(new Option('--event <id>', 'only this event'))
    .addOption(
      new Option(
        '--since <time>',
        'died at or after, as 2026-11-24 or 2026-11-24T10:00Z; UTC without a zone',
      ).argParser(moment),
    )
    .addOption(new Option('--until <time>', 'died before, likewise').argParser(moment))
    .addOption(new Option('--json', 'one JSON document on standard output'));
}

/** @param run a filter that can choose no letters, or more than it may, is a command line that cannot be used */
function withFilter(run: (drivers: Drivers) => Promise<number>) {
  return withDrivers(async (drivers) => {
    try {
      return await run(drivers);
    } catch (error) {
      if (!(error instanceof ImpossibleFilterError || error instanceof TooManyLettersError)) throw error;
      process.stderr.write(`error: ${printable(error.message)}\n`);
      return EXIT_USAGE;
    }
  });
}

/** "0 dead letters" would say that there are none. */
const countOf = (matchCount: number, { letterCount }: LetterCounts) =>
  matchCount === 0 && letterCount > 0 ? `none of ${letterCount} dead letters match` : `${matchCount} dead letters`;

function warnOfForeign({ foreignRecordCount }: LetterCounts): void {
  if (foreignRecordCount > 0)
    process.stderr.write(`passed over ${foreignRecordCount} records of the topic that are no dead letters\n`);
}

const rowOf = ({ letterOffset, topic, partition, offset, code, error, deadAtMs, key, value, event }: Letter) => ({
  letterOffset,
  diedAt: new Date(deadAtMs).toISOString(),
  code,
  error,
  topic,
  partition,
  offset,
  key: key.toString(),
  eventId: event?.eventId ?? null,
  kind: event?.body?.$case ?? null,
  bytes: value.length,
});

allowClosedOutput();

const program = new Command('dead-letters')
  .description('What could not be folded: look at it, and try it again.')
  .exitOverride(endOnUsage);

withFilters(program.command('list'))
  .description('shows dead letters, and counts them by cause')
  .action((options: FilterOptions & { json?: boolean }) =>
    withFilter(async ({ log, partitionCount }) => {
      let matchCount = 0;
      // Row by row, as there may be more of them than memory holds.
      const counts = await forEachLetter(log, partitionCount, filterOf(options), (letter) => {
        const row = rowOf(letter);
        if (options.json) {
          const lead = matchCount === 0 ? '{"letters": [' : ',';
          process.stdout.write(`${lead}\n  ${printableJson(row)}`);
        } else {
          const place = `${row.topic}/${row.partition}@${row.offset}`;
          const line = `${row.diedAt}  ${row.code.padEnd(16)} ${place}  ${row.eventId ?? '-'}  ${row.error}`;
          process.stdout.write(`${printable(line)}\n`);
        }
        matchCount += 1;
      });
      const byCode = Object.fromEntries(Object.entries(counts.byCode).sort(([, a], [, b]) => b - a));
      if (options.json) {
        const lead = matchCount === 0 ? '{"letters": [' : '\n';
        process.stdout.write(`${lead}], "counts": ${printableJson(byCode)}}\n`);
      } else {
        const total = Object.entries(byCode)
          .map(([code, count]) => `${code} ${count}`)
          .join(', ');
        process.stdout.write(`${printable(countOf(matchCount, counts) + (total ? `: ${total}` : ''))}\n`);
      }
      warnOfForeign(counts);
      return 0;
    }),
  );

withFilters(program.command('replay'))
  .description('sends the events of the chosen letters to their topic again, each once')
  .option('--all', 'without any filter')
  .option('--as-backfill', 'mark the events as backfills, so that they are not refused for their age')
  .option('--dry-run', 'say what would be sent, and send nothing')
  .action((options: FilterOptions & { json?: boolean; all?: boolean; asBackfill?: boolean; dryRun?: boolean }) => {
    const filter = filterOf(options);
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    if (!isFiltered && !options.all) program.error('choose letters by a filter, or say --all');
    return withFilter(async ({ log, archive, partitionCount }) => {
      const { letters, counts } = await collectLetters(log, partitionCount, filter);
      const report = await replayLetters(log, archive, letters, options);
      if (options.json) process.stdout.write(`${printableJson({ dryRun: options.dryRun ?? false, ...report }, 2)}\n`);
      else {
        for (const { letterOffset, eventId, reason } of report.skipped) {
          process.stdout.write(`letter ${letterOffset} ${printable(eventId || '-')} left: ${reason}\n`);
        }
        if (letters.length === 0) process.stdout.write(`${countOf(0, counts)}\n`);
        const verb = options.dryRun ? 'would be sent' : 'sent';
        process.stdout.write(`${report.sent.length} events ${verb}, ${report.skipped.length} letters left\n`);
      }
      warnOfForeign(counts);
      return 0;
    });
  });

program.parse();
