/**
 * Events sent through the gateway at a steady rate, each request with a deadline, by a producer that keeps what was not accepted and
 * sends it again under the same ids. Latencies count from when a request was due.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Event, TOPICS } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import { newEventId } from '@watchnext/producer-client';
import { videoIdAt } from './small-world';
import { SteadyPace } from './steady-pace';

/** Enough for damage in the middle of an answer to hit verdicts, and not headers alone. */
const EVENTS_A_REQUEST = 5;
/** None of those whose lists are asked for: what they watch would be missing there. */
const WATCHERS = 10_000;
/** A request that is not answered by then never will be. */
const GIVE_UP_MS = 30_000;
const AGAIN_MS = 200;

/** What an answer tells its producer to do. */
export type Advice =
  /** Nothing: each event has its verdict, and was taken. */
  | 'accepted'
  /** Send it again: 429, or 500 and above. */
  | 'again'
  /** Something else, though nothing is wrong with the events; or nothing that can be read. */
  | 'unclear'
  /** There was no answer. */
  | 'none';

export interface EventAnswer {
  /** Milliseconds since the epoch. */
  readonly dueAtMs: number;
  readonly latencyMs: number;
  readonly advice: Advice;
  /** Of HTTP; 0: no answer at all. */
  readonly status: number;
}

export interface Delivery {
  /** Events that were accepted, and are not in the log. */
  readonly lost: number;
  /** Events that were not accepted, however often they were sent again. */
  readonly undelivered: number;
}

type Batch = readonly (object & { readonly eventId: string })[];

export class EventLoad {
  readonly answers: EventAnswer[] = [];
  private readonly acceptedIds = new Set<string>();
  private readonly kept: Batch[] = [];
  private readonly pace: SteadyPace;

  constructor(
    private readonly gatewayUrl: string,
    perSecond: number,
    private readonly deadlineMs: number,
  ) {
    this.pace = new SteadyPace(perSecond, (dueAtMs, index) => this.sendFirst(dueAtMs, batchAt(index)));
  }

  start(): void {
    this.pace.start();
  }

  /** Resolves once every request is answered or given up. */
  stop(): Promise<void> {
    return this.pace.stop();
  }

  /** Sends again what was not accepted, for as long, and looks for all that was in the log. Call it after `stop`. */
  async deliver(log: EventLog, limitMs: number): Promise<Delivery> {
    const untilMs = Date.now() + limitMs;
    while (this.kept.length > 0 && Date.now() < untilMs) {
      const { advice } = await this.send(this.kept[0] as Batch);
      if (advice === 'accepted') this.kept.shift();
      else await sleep(AGAIN_MS);
    }
    const missing = new Set(this.acceptedIds);
    const tail = await log.tail(TOPICS.activity, {
      onRecords: async (records) => {
        for (const { value } of records) missing.delete(Event.decode(value).eventId);
      },
    });
    await tail.stop();
    return { lost: missing.size, undelivered: this.kept.flat().length };
  }

  private async sendFirst(dueAtMs: number, batch: Batch): Promise<void> {
    const { advice, status } = await this.send(batch);
    this.answers.push({ dueAtMs, latencyMs: Date.now() - dueAtMs, advice, status });
    if (advice !== 'accepted') this.kept.push(batch);
  }

  /** By `fetch` itself: a client tries again, and here each answer counts, and none does. */
  private async send(batch: Batch): Promise<{ advice: Advice; status: number }> {
    let status = 0;
    try {
      const response = await fetch(`${this.gatewayUrl}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-deadline-ms': String(this.deadlineMs) },
        body: JSON.stringify({ events: batch }),
        signal: AbortSignal.timeout(GIVE_UP_MS),
      });
      ({ status } = response);
      const text = await response.text();
      if (status === 429 || status >= 500) return { advice: 'again', status };
      const taken = status === 200 ? takenOf(text) : undefined;
      // Its accepted events are promised, whatever became of the others.
      for (const index of taken ?? []) this.acceptedIds.add((batch[index] as Batch[number]).eventId);
      return { advice: taken?.length === batch.length ? 'accepted' : 'unclear', status };
    } catch {
      return { advice: status === 0 ? 'none' : 'unclear', status };
    }
  }
}

function batchAt(request: number): Batch {
  return Array.from({ length: EVENTS_A_REQUEST }, (_, index) => ({
    eventId: newEventId(),
    occurredAtMs: Date.now(),
    producer: 'faults',
    watch: {
      userId: `watcher-${(request * EVENTS_A_REQUEST + index) % WATCHERS}`,
      videoId: videoIdAt(request + index),
      playbackId: newEventId(),
      positionSeconds: 30,
    },
  }));
}

/** Places of the events that an answer says were taken; undefined for what cannot be read. */
function takenOf(text: string): number[] | undefined {
  try {
    const { results } = JSON.parse(text) as { results: { index: number; status: string }[] };
    return results.flatMap(({ index, status }) => (status === 'accepted' || status === 'duplicate' ? index : []));
  } catch {
    return undefined;
  }
}
