import { existsSync } from 'node:fs';
import { endOnUsage, nonEmpty, parsePlace, type ProgressTask, startTask, wholeNumber } from '@watchnext/command-line';
import { ConfigError } from '@watchnext/config';
import { TOPICS, topicSpecs } from '@watchnext/contract';
import { NothingRanError, openEventLog, openSystemLog } from '@watchnext/event-log';
import { openFeatureStore } from '@watchnext/feature-store';
import { type Place, placeName } from '@watchnext/object-store';
import { Command } from 'commander';
import { otherPartitionCount } from '../rebuild/archived-partitions';
import { openSourceArchive } from '../restore-log/places';
import { requireNothingAhead, requireOwnRecords } from '../restore-log/require-target';
import { requireStopped } from '../restore-log/require-stopped';
import { RestoreError, restoreTopic } from '../restore-log/restore-topic';
import { EXIT_CODES_HELP, type OpenCommand, runCommand } from './command';

interface Options {
  readonly partitionsBefore?: number;
  readonly topicBefore: string;
  readonly withoutCatalogue: boolean;
  readonly dryRun: boolean;
}

const program: Command = new Command('npm run restore-log --')
  .description(
    'Appends what an archive has, as of a restored backup, to the empty event log of the system that the environment names. Ingestion then makes\n' +
      'states and an archive of it as it did at first. Run it before collectors, gateways and producers write; cut off, the same command goes on.',
  )
  .argument(
    '<place>',
    'where the archive/ lies that is read: the data folder of a restored system, or s3://bucket/prefix',
    parsePlace,
  )
  .option(
    '--partitions-before <n>',
    'partitions of the activity topic that was archived; default: as many as WATCHNEXT_ACTIVITY_PARTITIONS',
    wholeNumber(1),
  )
  .option(
    '--topic-before <name>',
    'name of the activity topic that was archived, where its version is another one now; its catalogue is left alone then',
    nonEmpty,
    TOPICS.activity,
  )
  .option('--without-catalogue', 'restore activity alone, where the archive has no catalogue', false)
  .option('--dry-run', 'say what would be appended, and make and change nothing', false)
  .allowExcessArguments(false)
  .addHelpText('after', EXIT_CODES_HELP)
  .exitOverride(endOnUsage)
  .parse();

async function restoreLog(command: OpenCommand): Promise<number> {
  const { settings, paths, logger, archive, checkpoints, own, stopping } = command;
  const { partitionsBefore, topicBefore, withoutCatalogue, dryRun } = program.opts<Options>();
  const place = program.processedArgs[0] as Place;
  const newPartitionCount = settings.WATCHNEXT_ACTIVITY_PARTITIONS;
  try {
    const isSameTopic = topicBefore === TOPICS.activity;
    const partitionCount = partitionsBefore ?? newPartitionCount;
    const readerCount = partitionCount === newPartitionCount ? 1 : partitionCount;
    const source = own(await openSourceArchive(place, settings, readerCount, isSameTopic));
    if ((await source.partitions(topicBefore)).length === 0)
      throw new RestoreError(
        `${placeName(place)} has no archive of ${topicBefore}: name the place in which its archive/ lies`,
      );
    const hasCatalogue = isSameTopic && (await source.partitions(TOPICS.catalog)).length > 0;
    if (isSameTopic && !hasCatalogue && !withoutCatalogue)
      throw new RestoreError(
        `${placeName(place)} has no archive of ${TOPICS.catalog}, and without its catalogue a system recommends nothing: was all of the backup brought ` +
          'back? Where there never was one, say --without-catalogue',
      );
    const other = await otherPartitionCount(source, topicBefore, partitionCount, stopping.signal);
    if (other !== undefined)
      throw new ConfigError([
        `WATCHNEXT_ACTIVITY_PARTITIONS: the archive was cut into ${other} partitions, not ${partitionCount}: set it to ${other}, or keep the ` +
          `setting and say --partitions-before ${other}`,
      ]);
    const log = await openSystemLog(settings, paths.eventLog, 'ingestion').catch((error: unknown) => {
      if (!(error instanceof NothingRanError)) throw error;
      return dryRun ? undefined : openEventLog(settings, paths.eventLog, 'ingestion');
    });
    if (log) own(log);
    if (!dryRun) await log?.ensureTopics(Object.values(topicSpecs(newPartitionCount)));
    const isMade = settings.WATCHNEXT_FEATURE_STORE !== 'embedded' || existsSync(paths.featureStore);
    const store = dryRun && !isMade ? undefined : own(openFeatureStore(settings, paths.featureStore));
    // First, as watches of a video that nobody knows yet would be served.
    const topics = hasCatalogue ? [TOPICS.catalog, TOPICS.activity] : [TOPICS.activity];
    await requireNothingAhead({ settings, log, archive, checkpoints, store }, topics);
    for (const topic of topics) {
      const isActivity = topic === TOPICS.activity;
      const report = await withProgress((show) =>
        restoreTopic(
          {
            archive: source,
            topic: isActivity ? topicBefore : topic,
            newTopic: topic,
            partitionCount: isActivity ? partitionCount : 1,
          },
          {
            log,
            newPartitionCount: isActivity ? newPartitionCount : 1,
            dryRun,
            signal: stopping.signal,
            check: (found) => requireOwnRecords(settings, topic, found),
            onProgress: (...progress) => show(topic, ...progress),
            onLook: (...progress) => show(`${topic}, what is there`, ...progress),
          },
        ),
      );
      const { beginsAt } = report;
      if (Object.keys(beginsAt).length > 0)
        logger.warn({ topic, beginsAt }, 'the archive does not begin at 0: what came before is not restored');
      process.stdout.write(`${JSON.stringify(report)}\n`);
    }
    return 0;
  } catch (error) {
    requireStopped(error, stopping.signal);
    process.stderr.write('stopped; the same command goes on\n');
    return stopping.exitCode;
  }
}

type ShowProgress = (title: string, done: number, total: number) => void;

/** One line at a time: it ends where another one begins. */
async function withProgress<Result>(work: (show: ShowProgress) => Promise<Result>): Promise<Result> {
  let shown: { title: string; task: ProgressTask } | undefined;
  try {
    const result = await work((title, done, total) => {
      if (shown?.title !== title) {
        shown?.task.finish();
        shown = { title, task: startTask(title, 'records') };
      }
      shown.task.update(done, total);
    });
    shown?.task.finish();
    return result;
  } catch (error) {
    shown?.task.abandon();
    throw error;
  }
}

runCommand('restore-log', restoreLog, { endsByItself: true });
