/** The producer client as the launcher uses it, with what the collector refused. */
import { LimitedLines } from '@watchnext/command-line';
import { describeRejection } from '@watchnext/datasets';
import { ProducerClient } from '@watchnext/producer-client';
import type { EventSink } from '@watchnext/simulator';

export interface Producer extends EventSink {
  close(): Promise<void>;
  readonly rejectedCount: number;
  readonly firstRejection: string | undefined;
}

/** What a collector that is down has not taken by then is given up: the system is stopping. */
const CLOSE_LIMIT_MS = 2_000;

/** A history's logins wait for what came before them to be folded, which the collector says by an error (docs/decisions/0144): that passes. */
const SILENT_MS = 5_000;

/**
 * @param warn once all tries have failed for longer than `silentMs`: they go on for as long as it takes, and nobody would know what the start
 *   waits for
 */
export function openProducer(
  url: string,
  name: string,
  warn: (line: string) => unknown,
  silentMs = SILENT_MS,
): Producer {
  const rejected = { count: 0, first: undefined as string | undefined };
  const failures = new LimitedLines(warn);
  let failing: { readonly answered: number; readonly sinceMs: number } | undefined;
  const client = new ProducerClient({
    url,
    producer: name,
    onError: ({ message }) => {
      const { acceptedEvents, duplicateEvents, rejectedEvents } = client.statistics();
      const answered = acceptedEvents + duplicateEvents + rejectedEvents;
      if (failing === undefined || answered > failing.answered) failing = { answered, sinceMs: Date.now() };
      if (Date.now() - failing.sinceMs >= silentMs)
        failures.say(`the collector at ${url}: ${message}; it is tried again`);
    },
    onRejected: (rejection) => {
      rejected.count++;
      rejected.first ??= describeRejection(rejection);
    },
  });
  return {
    send: (event) => client.send(event),
    flush: () => client.flush(),
    close: () => client.close(CLOSE_LIMIT_MS),
    get rejectedCount() {
      return rejected.count;
    },
    get firstRejection() {
      return rejected.first;
    },
  };
}
