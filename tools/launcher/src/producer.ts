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

/** @param warn of tries that failed: they go on for as long as it takes, and nobody would know what the start waits for */
export function openProducer(url: string, name: string, warn: (line: string) => unknown): Producer {
  const rejected = { count: 0, first: undefined as string | undefined };
  const failures = new LimitedLines(warn);
  const client = new ProducerClient({
    url,
    producer: name,
    onError: ({ message }) => failures.say(`the collector at ${url}: ${message}; it is tried again`),
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
