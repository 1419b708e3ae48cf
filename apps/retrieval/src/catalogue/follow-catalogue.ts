/** Keeps the live catalogue up with the event log, and begins again where the log was not there. */
import { TOPICS, topicSpecs } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import { followLog, type Logger, type LogFollowing, SoundEvents } from '@watchnext/service';
import { inTurns } from '@watchnext/waiting';
import type { LiveCatalogue } from './live-catalogue';

/** Established when all that the topic held at the start is folded in. */
export function followCatalogue(eventLog: EventLog, catalogue: LiveCatalogue, logger: Logger): LogFollowing {
  const sound = new SoundEvents(logger);
  return followLog({
    without: 'no catalogue yet, and new and withdrawn videos are not known',
    logger,
    subscribe: async () => {
      await eventLog.ensureTopics([topicSpecs(1).catalog]);
      return eventLog.tail(TOPICS.catalog, {
        onRecords: (records) =>
          inTurns(records, (record) => {
            const event = sound.of(record);
            if (event) catalogue.apply(event);
          }),
        onError: (error) => logger.warn({ err: error }, 'could not read the catalogue topic'),
      });
    },
  });
}
