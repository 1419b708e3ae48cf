/** Keeps the live catalogue up with the event log, and begins again where the log was not there. */
import { setTimeout as delay } from 'node:timers/promises';
import { Event, TOPICS, topicSpecs } from '@watchnext/contract';
import type { EventLog, LogRecord, Subscription } from '@watchnext/event-log';
import type { Logger } from '@watchnext/service';
import type { LiveCatalogue } from './live-catalogue';
import { inTurns } from './turns';

const RETRY_MS = 2_000;

export interface CatalogueFollowing {
  /** Settles when all that the topic held at the start is folded in. */
  readonly caughtUp: Promise<void>;
  stop(): Promise<void>;
}

export function followCatalogue(eventLog: EventLog, catalogue: LiveCatalogue, logger: Logger): CatalogueFollowing {
  const stopping = new AbortController();
  const subscribe = async (): Promise<Subscription | undefined> => {
    while (!stopping.signal.aborted) {
      try {
        await eventLog.ensureTopics([topicSpecs(1).catalog]);
        return await eventLog.tail(TOPICS.catalog, {
          onRecords: (records) => inTurns(records, (record) => fold(record, catalogue, logger)),
          onError: (error) => logger.warn({ err: error }, 'could not read the catalogue topic'),
        });
      } catch (error) {
        logger.warn({ err: error }, 'no catalogue yet: new and withdrawn videos are not known; trying again');
        await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
    return undefined;
  };
  const subscription = subscribe();
  return {
    caughtUp: subscription.then(() => undefined),
    stop: async () => {
      stopping.abort();
      await (await subscription)?.stop();
    },
  };
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
