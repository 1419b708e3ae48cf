/** Lists asked for and events sent all the while, each request counted: answered, on which rung, or failed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { API_KEY_HEADER } from '@watchnext/contract';
import { quantile } from '@watchnext/learning';
import type { Replica } from './replica';
import { API_KEY } from './settings';
import { newEventId } from '@watchnext/producer-client';

export interface LoadReport {
  readonly lists: number;
  readonly events: number;
  /** Below the full rung, by the reason that the answer gives. */
  readonly degraded: Readonly<Record<string, number>>;
  /** No answer, or another status than 200; each in words. */
  readonly failures: readonly string[];
  readonly listMsP50: number;
  readonly listMsP99: number;
}

export interface LoadOptions {
  readonly gateways: readonly Replica[];
  readonly collectors: readonly Replica[];
  readonly viewerIds: readonly string[];
  readonly videoIds: readonly string[];
  readonly listsPerSecond: number;
  readonly eventsPerSecond: number;
}

/** A request that hangs for so long has failed. */
const REQUEST_LIMIT_MS = 10_000;

export class Load {
  private running = true;
  private readonly loops: Promise<void>[];
  private readonly listMs: number[] = [];
  private readonly degraded: Record<string, number> = {};
  private readonly failures: string[] = [];
  private events = 0;
  private turn = 0;

  constructor(private readonly options: LoadOptions) {
    this.loops = [
      this.each(options.listsPerSecond, () => this.askForList()),
      this.each(options.eventsPerSecond, () => this.sendEvent()),
    ];
  }

  /** Ends it, once all that is under way is answered. */
  async stop(): Promise<LoadReport> {
    this.running = false;
    await Promise.all(this.loops);
    return {
      lists: this.listMs.length,
      events: this.events,
      degraded: this.degraded,
      failures: this.failures,
      listMsP50: quantile(this.listMs, 0.5),
      listMsP99: quantile(this.listMs, 0.99),
    };
  }

  /** At a rate, whether or not the answers come: as people do. */
  private async each(perSecond: number, request: () => Promise<void>): Promise<void> {
    const underWay = new Set<Promise<void>>();
    while (this.running) {
      const one: Promise<void> = request()
        .catch(
          (error: Error) =>
            void this.failures.push(`${error.message} ${(error.cause as Error | undefined)?.message ?? ''}`),
        )
        .finally(() => underWay.delete(one));
      underWay.add(one);
      await sleep(1_000 / perSecond);
    }
    await Promise.all(underWay);
  }

  private next(replicas: readonly Replica[]): Replica {
    const ready = replicas.filter(({ isEndpoint }) => isEndpoint);
    if (ready.length === 0) throw new Error('no replica was ready');
    return ready[this.turn++ % ready.length] as Replica;
  }

  private pick<Value>(values: readonly Value[]): Value {
    return values[this.turn % values.length] as Value;
  }

  /** By `fetch` itself, as events are: the time until the answer is here counts, and a failure, which is not tried again. */
  private async askForList(): Promise<void> {
    const { gateways, viewerIds } = this.options;
    const gateway = this.next(gateways);
    const startMs = performance.now();
    const response = await fetch(
      `${gateway.url}/v1/users/${encodeURIComponent(this.pick(viewerIds))}/recommendations`,
      {
        signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
      },
    );
    const answer = (await response.json()) as { rung: string; rungReason?: string };
    if (!response.ok) throw new Error(`${gateway.name} answered ${response.status}: ${JSON.stringify(answer)}`);
    this.listMs.push(performance.now() - startMs);
    if (answer.rung === 'full') return;
    const reason = `${answer.rung}: ${answer.rungReason ?? ''}`;
    this.degraded[reason] = (this.degraded[reason] ?? 0) + 1;
  }

  /** To a collector, or through a gateway, in turn. */
  private async sendEvent(): Promise<void> {
    const { gateways, collectors, viewerIds, videoIds } = this.options;
    const receiver = this.next(this.events % 2 === 0 ? collectors : gateways);
    const watch = {
      userId: this.pick(viewerIds),
      videoId: this.pick(videoIds),
      playbackId: newEventId(),
      positionSeconds: 30,
    };
    const event = { eventId: newEventId(), occurredAtMs: Date.now(), producer: 'rehearsal', watch };
    this.events++;
    const response = await fetch(`${receiver.url}/v1/events`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(receiver.workload.app === 'ingestion' ? { [API_KEY_HEADER]: API_KEY } : {}),
      },
      body: JSON.stringify({ events: [event] }),
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    const answer = (await response.json()) as { accepted?: number };
    if (!response.ok || answer.accepted !== 1) {
      throw new Error(`${receiver.name} answered ${response.status} to an event: ${JSON.stringify(answer)}`);
    }
  }
}
