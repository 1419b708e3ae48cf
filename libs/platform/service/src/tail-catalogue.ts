import { type Event, TOPICS } from '@watchnext/contract';
import type { EventLog, Subscription } from '@watchnext/event-log';
import { inTurns } from '@watchnext/waiting';
import type { Logger } from './logger';
import { SoundEvents } from './sound-events';

/**
 * Tells of every sound event of the catalogue topic, from its beginning on, in short turns: a catalogue may have a million videos.
 * Resolves once all that the topic held at the call is told; goes on live, where reading fails too: that is a warning, as it is tried
 * again, and what lasts shows in how far the follower is behind. @throws as `EventLog.tail`
 */
export function tailCatalogue(
  eventLog: Pick<EventLog, 'tail'>,
  apply: (event: Event) => void,
  logger: Logger,
): Promise<Subscription> {
  const sound = new SoundEvents(logger);
  return eventLog.tail(TOPICS.catalog, {
    onRecords: (records) =>
      inTurns(records, (record) => {
        const event = sound.of(record);
        if (event) apply(event);
      }),
    onError: (error) => logger.warn({ err: error }, 'could not read the catalogue topic'),
  });
}
