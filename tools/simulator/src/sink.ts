/** Where events go: a `ProducerClient`, or anything that takes them in order. */
import type { Event } from '@watchnext/contract';

export interface EventSink {
  send(event: Event): void | Promise<void>;
  /** Resolves when everything sent so far has been taken or given up. */
  flush(): Promise<void>;
}

/** Between two flushes: bounds what waits in memory, and lets progress mean what the collector has taken. */
const EVENTS_PER_FLUSH = 2_000;

/** Sends events in order; `onProgress` counts what the sink has confirmed. */
export async function sendAll(
  events: readonly Event[],
  sink: EventSink,
  onProgress: (done: number, total: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<void> {
  for (let from = 0; from < events.length; from += EVENTS_PER_FLUSH) {
    signal?.throwIfAborted();
    for (const event of events.slice(from, from + EVENTS_PER_FLUSH)) await sink.send(event);
    await sink.flush();
    onProgress(Math.min(from + EVENTS_PER_FLUSH, events.length), events.length);
  }
}
