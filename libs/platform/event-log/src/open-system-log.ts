/** The log of a system that has run, for commands: they make nothing in a place where nothing has, and count partitions as the log does. */
import { ConfigError, type DriverSettings, type EventLogSettings } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { hasEmbeddedEventLog } from './embedded/environment';
import { type LogClient, openEventLog } from './open-event-log';
import { type EventLog, EventLogError, UnknownTopicError } from './port';

type SystemLogSettings = EventLogSettings & Pick<DriverSettings, 'WATCHNEXT_ACTIVITY_PARTITIONS'>;

/** The services make the topics, so one that is missing is of a system that never ran, or of another place than meant. */
export class NothingRanError extends EventLogError {
  constructor(topic: string) {
    super(
      `nothing has run here: the event log has no topic ${topic}; WATCHNEXT_EVENT_LOG with WATCHNEXT_DATA_DIR or ` +
        'WATCHNEXT_KAFKA_… must name a system that has run',
      'nothing-ran',
      false,
    );
  }
}

/**
 * A command with another number looks for users in partitions that are not theirs: it finds too little, and does not notice.
 *
 * @param found in what, and how many, as "topic watchnext.activity.v1 has 4 partitions"
 */
export function wrongPartitionCount(found: string, actual: number, setting: number): ConfigError {
  return new ConfigError([
    `WATCHNEXT_ACTIVITY_PARTITIONS: ${found}, the setting says ${setting}: set WATCHNEXT_ACTIVITY_PARTITIONS=${actual}`,
  ]);
}

/**
 * @param embeddedFolder as that of `openEventLog`; not made where it is missing
 * @throws NothingRanError; ConfigError where the activity topic has other partitions than the setting says; and as `openEventLog`
 */
export async function openSystemLog(
  settings: SystemLogSettings,
  embeddedFolder: string,
  app: LogClient,
): Promise<EventLog> {
  if (settings.WATCHNEXT_EVENT_LOG === 'embedded' && !hasEmbeddedEventLog(embeddedFolder))
    throw new NothingRanError(TOPICS.activity);
  const log = await openEventLog(settings, embeddedFolder, app);
  try {
    const actual = await log.partitionCount(TOPICS.activity);
    const { WATCHNEXT_ACTIVITY_PARTITIONS: setting } = settings;
    if (actual !== setting)
      throw wrongPartitionCount(`topic ${TOPICS.activity} has ${actual} partitions`, actual, setting);
    return log;
  } catch (error) {
    await log.close();
    throw error instanceof UnknownTopicError ? new NothingRanError(error.topic) : error;
  }
}
