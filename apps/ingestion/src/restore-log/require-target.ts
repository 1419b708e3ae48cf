/** Whether a system is new enough for a log to be restored into it: what it has must have come out of that log. */
import { ConfigError, type DriverSettings } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import type { CheckpointStore, EventArchive } from '@watchnext/event-archive';
import type { EventLog } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import type { LogSoFar } from './log-so-far';
import { archiveSetting, locationOf } from './places';

export interface Target {
  readonly settings: DriverSettings;
  /** Undefined before there is any. */
  readonly log: EventLog | undefined;
  readonly archive: EventArchive;
  readonly checkpoints: CheckpointStore;
  /** Undefined before there is any. */
  readonly store: FeatureStore | undefined;
}

/**
 * States, archive and checkpoints may be there already, as those of an interrupted run are: but none that is ahead of the log, for that is of
 * another log, and what comes in now would be taken for known.
 *
 * @throws ConfigError naming every setting at fault
 */
export async function requireNothingAhead(target: Target, topics: readonly string[]): Promise<void> {
  const problems: string[] = [];
  for (const topic of topics) problems.push(...(await problemsOf(target, topic)));
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
}

async function problemsOf({ settings, log, archive, checkpoints, store }: Target, topic: string): Promise<string[]> {
  const problems: string[] = [];
  const bounds = (await log?.bounds(topic)) ?? [];
  const endOf = (partition: number) => bounds.find((each) => each.partition === partition)?.endOffset ?? 0;
  const archiveVariable = archiveSetting(settings);
  const place = locationOf(settings);
  for (const partition of await archive.partitions(topic)) {
    const archivedTo = (await archive.nextOffset(topic, partition)) ?? 0;
    if (archivedTo > endOf(partition))
      problems.push(
        `${archiveVariable}: ${place} has an archive of ${topic} already, which is not of this log: name an empty place, or move that one ` +
          'away, and what is in checkpoints/ beside it',
      );
  }
  if (topic !== TOPICS.activity) return problems;
  for (const { partition, offset } of await checkpoints.list(topic)) {
    if (offset >= endOf(partition))
      problems.push(
        `${archiveVariable}: checkpoints/ beside ${place} has states of another log: name an empty place, or move them away`,
      );
  }
  for (let partition = 0; partition < settings.WATCHNEXT_ACTIVITY_PARTITIONS; partition++) {
    const mark = await store?.readMark(partition);
    if (mark && (mark.topic !== topic || mark.offset >= endOf(partition)))
      problems.push(
        settings.WATCHNEXT_FEATURE_STORE === 'redis'
          ? 'WATCHNEXT_REDIS_NAMESPACE: there are states of another log: name another namespace'
          : 'WATCHNEXT_DATA_DIR: there are states of another log: name another folder, or remove feature-store/ in it',
      );
  }
  for (const { partition, firstOffset, endOffset } of bounds) {
    if (firstOffset > 0)
      problems.push(
        `${logSetting(settings)}: the first offset of ${topic}, partition ${partition}, is ${firstOffset} (it ends at ${endOffset}), and ingestion begins at 0: make the topic anew`,
      );
  }
  return problems;
}

/** @throws ConfigError where somebody else has written to the topic */
export function requireOwnRecords(settings: DriverSettings, topic: string, { foreign }: LogSoFar): void {
  if (!foreign) return;
  throw new ConfigError([
    `${logSetting(settings)}: topic ${topic} has records that were not restored, as at offset ${foreign.offset} of partition ${foreign.partition}: ` +
      'a log is restored into an empty one, before collectors, gateways and producers write to it. Stop them, and name another, or make the topic anew',
  ]);
}

const logSetting = ({ WATCHNEXT_EVENT_LOG: log }: DriverSettings): string =>
  log === 'kafka' ? 'WATCHNEXT_KAFKA_NAMESPACE' : 'WATCHNEXT_DATA_DIR';
