/** Keeps the live catalogue up with the event log, and begins again where the log was not there. */
import { CATALOG_TOPIC } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import { followLog, type Logger, type LogFollowing, tailCatalogue } from '@watchnext/service';
import type { LiveCatalogue } from './live-catalogue';

/** Established when all that the topic held at the start is folded in. */
export function followCatalogue(eventLog: EventLog, catalogue: LiveCatalogue, logger: Logger): LogFollowing {
  return followLog({
    without: 'no catalogue yet, and new and withdrawn videos are not known',
    logger,
    subscribe: async () => {
      await eventLog.ensureTopics([CATALOG_TOPIC]);
      return tailCatalogue(eventLog, (event) => catalogue.apply(event), logger);
    },
  });
}
