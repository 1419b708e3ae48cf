/** Keeps the live catalogue up with the event log, and begins again where the log was not there. */
import { Event, TOPICS, topicSpecs } from '@watchnext/contract';
import type { EventLog, LogRecord } from '@watchnext/event-log';
import { followLog, inTurns, type Logger, type LogFollowing } from '@watchnext/service';
import type { LiveCatalogue } from './live-catalogue';

/** Established when all that the topic held at the start is folded in. */
export function followCatalogue(eventLog: EventLog, catalogue: LiveCatalogue, logger: Logger): LogFollowing {
  return followLog({
    without: 'no catalogue yet, and new and withdrawn videos are not known',
    logger,
    subscribe: async () => {
      await eventLog.ensureTopics([topicSpecs(1).catalog]);
      return eventLog.tail(TOPICS.catalog, {
        onRecords: (records) => inTurns(records, (record) => fold(record, catalogue, logger)),
        onError: (error) => logger.warn({ err: error }, 'could not read the catalogue topic'),
      });
    },
  });
}

function fold(record: LogRecord, catalogue: LiveCatalogue, logger: Logger): void {
  try {
    catalogue.apply(Event.decode(record.value));
  } catch (error) {
    // Ingestion's archive keeps it; here it must only not stop what follows.
    const { topic, partition, offset } = record;
    logger.warn({ topic, partition, offset, err: error }, 'skipped a record that is no event');
  }
}
