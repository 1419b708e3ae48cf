/**
 * How long it takes from the acceptance of a watch over HTTP until it is part of the input of that user's next
 * recommendations: the gateway's view of the user's history is asked again and again until the watch is there.
 */
import { LocalSystem } from '@watchnext/end-to-end';
import { quantile } from '@watchnext/learning';
import { newEventId } from '@watchnext/producer-client';
import { Event } from '@watchnext/contract';
import { report, type BenchReport } from './report';

export async function benchFreshness(options: { samples: number }): Promise<{ result: BenchReport; text: string }> {
  const system = await LocalSystem.create();
  const latenciesMs: number[] = [];
  try {
    await system.start();
    for (let sample = 0; sample < options.samples; sample++) {
      const userId = `user-${sample}`;
      const videoId = `video-${sample}`;
      const event = Event.fromPartial({
        eventId: newEventId(),
        occurredAtMs: Date.now(),
        producer: 'bench',
        body: { $case: 'watch', value: { userId, videoId, playbackId: newEventId(), positionSeconds: 60 } },
      });
      // By `fetch` itself, as below: what a client does would be timed as well.
      const response = await fetch(`${system.ingestionUrl}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ events: [Event.toJSON(event)] }),
      });
      if (!response.ok) throw new Error(`the collector answered ${response.status}`);
      await response.arrayBuffer();
      const acceptedAt = performance.now();
      while (!(await isInState(system, userId, videoId))) {
        if (performance.now() - acceptedAt > 30_000) throw new Error('the watch did not arrive within 30 s');
      }
      latenciesMs.push(performance.now() - acceptedAt);
    }
  } finally {
    await system.dispose();
  }
  const figures = {
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    maxMs: Math.max(...latenciesMs),
  };
  const text = `from accepted to readable: p50 ${figures.p50Ms.toFixed(0)} ms, p99 ${figures.p99Ms.toFixed(0)} ms, max ${figures.maxMs.toFixed(0)} ms`;
  return { result: report('freshness', options, figures), text };
}

async function isInState(system: LocalSystem, userId: string, videoId: string): Promise<boolean> {
  const response = await fetch(`${system.gatewayUrl}/v1/users/${userId}/history`);
  const { watches } = (await response.json()) as { watches?: { videoId: string }[] };
  return watches?.some((watch) => watch.videoId === videoId) ?? false;
}
