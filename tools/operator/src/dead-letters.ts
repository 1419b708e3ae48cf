import { allowClosedOutput, endOnUsage, EXIT_USAGE, moment, wholeNumber } from '@watchnext/command-line';
import { Command, Option } from 'commander';
import {
  chooseLetters,
  countByCode,
  ImpossibleFilterError,
  type Letter,
  type LetterFilter,
  readLetters,
  replayLetters,
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

interface ChosenLetters {
  readonly letters: readonly Letter[];
  /** Of all there are. */
  readonly letterCount: number;
}

/** @param run with the letters that a filter chooses; a filter that can choose none is a command line that cannot be used */
function withLetters(filter: LetterFilter, run: (chosen: ChosenLetters, drivers: Drivers) => Promise<number>) {
  return withDrivers(async (drivers) => {
    const all = await readLetters(drivers.log);
    let letters: readonly Letter[];
    try {
      letters = chooseLetters(all, filter, drivers.partitionCount);
    } catch (error) {
      if (!(error instanceof ImpossibleFilterError)) throw error;
      process.stderr.write(`error: ${error.message}\n`);
      return EXIT_USAGE;
    }
    return run({ letters, letterCount: all.length }, drivers);
  });
}

/** "0 dead letters" would say that there are none. */
const countOf = ({ letters, letterCount }: ChosenLetters) =>
  letters.length === 0 && letterCount > 0
    ? `none of ${letterCount} dead letters match`
    : `${letters.length} dead letters`;

allowClosedOutput();

const program = new Command('dead-letters')
  .description('What could not be folded: look at it, and try it again.')
  .exitOverride(endOnUsage);

withFilters(program.command('list'))
  .description('shows dead letters, and counts them by cause')
  .action((options: FilterOptions & { json?: boolean }) =>
    withLetters(filterOf(options), async (chosen) => {
      const { letters } = chosen;
      const counts = countByCode(letters);
      const rows = letters.map(
        ({ letterOffset, topic, partition, offset, code, error, deadAtMs, key, value, event }) => ({
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
        }),
      );
      if (options.json) process.stdout.write(`${JSON.stringify({ counts, letters: rows }, null, 2)}\n`);
      else {
        for (const row of rows) {
          const place = `${row.topic}/${row.partition}@${row.offset}`;
          process.stdout.write(`${row.diedAt}  ${row.code.padEnd(16)} ${place}  ${row.eventId ?? '-'}  ${row.error}\n`);
        }
        const total = Object.entries(counts)
          .map(([code, count]) => `${code} ${count}`)
          .join(', ');
        process.stdout.write(`${countOf(chosen)}${total ? `: ${total}` : ''}\n`);
      }
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
    return withLetters(filter, async (chosen, { log, archive }) => {
      const report = await replayLetters(log, archive, chosen.letters, options);
      if (options.json)
        process.stdout.write(`${JSON.stringify({ dryRun: options.dryRun ?? false, ...report }, null, 2)}\n`);
      else {
        for (const { letterOffset, eventId, reason } of report.skipped) {
          process.stdout.write(`letter ${letterOffset} ${eventId || '-'} left: ${reason}\n`);
        }
        if (chosen.letters.length === 0) process.stdout.write(`${countOf(chosen)}\n`);
        const verb = options.dryRun ? 'would be sent' : 'sent';
        process.stdout.write(`${report.sent.length} events ${verb}, ${report.skipped.length} letters left\n`);
      }
      return 0;
    });
  });

program.parse();
