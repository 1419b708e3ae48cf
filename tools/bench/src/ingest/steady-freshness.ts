/**
 * Freshness under load: from the answer of the collector to the moment at which the event is in a readable state, while
 * events come in at a steady rate. Each request carries one event of a viewer never seen before; its state is there
 * exactly when that event is.
 */
import { EventBatch } from '@watchnext/contract';
import { openSpace, type OwnWorld, startEmbeddedWorld, startRealWorld } from '@watchnext/end-to-end';
import { quantile } from '@watchnext/learning';
import { partitionOf } from '@watchnext/event-log';
import { setTimeout as sleep } from 'node:timers/promises';
import { report, type BenchReport } from '../report';
import { startIngestion } from './ingest';
import { makeEvent, postBatch } from './load';

export interface SteadyFreshnessOptions {
  readonly rate: number;
  readonly seconds: number;
}

const PARTITION_COUNT = 12;
const USER_COUNT = 5_000;
const MOST_REQUESTS_PER_SECOND = 50;
/** Processes warm up: their first samples are left out. */
const WARM_UP_SECONDS = 3;
const GIVE_UP_MS = 30_000;

export async function benchSteadyFreshness(
  options: SteadyFreshnessOptions,
): Promise<{ result: BenchReport; text: string }> {
  const real = await startRealWorld();
  let onServers: Figures;
  try {
    onServers = await measure(await openSpace(real, 'fresh', partitions()), options);
  } finally {
    await real.dispose();
  }
  const embedded = startEmbeddedWorld();
  let onEmbedded: Figures;
  try {
    onEmbedded = await measure({ ...embedded, environment: partitions() }, options);
  } finally {
    await embedded.dispose();
  }
  const figures = { kafkaAndRedis: onServers, embedded: onEmbedded };
  const text = Object.entries(figures)
    .map(
      ([name, { sentPerSecond, samples, p50Ms, p99Ms, maxMs }]) =>
        `${name.padEnd(14)} at ${sentPerSecond} events/s, accepted to readable: p50 ${p50Ms} ms, p99 ${p99Ms} ms, max ${maxMs} ms (${samples} samples)`,
    )
    .join('\n');
  return { result: report('freshness', { ...options }, figures), text };
}

interface Figures {
  readonly sentPerSecond: number;
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

async function measure(space: OwnWorld, { rate, seconds }: SteadyFreshnessOptions): Promise<Figures> {
  const collector = await startIngestion(space, 'collect', {}, 'collect');
  const materialiser = await startIngestion(space, 'materialise', {}, 'materialise');
  try {
    const requestsPerSecond = Math.min(MOST_REQUESTS_PER_SECOND, rate);
    const requestCount = (WARM_UP_SECONDS + seconds) * requestsPerSecond;
    let sentCount = 0;
    const samples: Promise<number>[] = [];
    const startMs = performance.now();
    for (let request = 0; request < requestCount; request++) {
      await sleep(startMs + (request * 1_000) / requestsPerSecond - performance.now());
      const probe = `probe-${request}`;
      const events = Array.from({ length: eventsOfRequest(request, rate, requestsPerSecond) }, (_, i) => {
        const sequence = sentCount++;
        const userId = i === 0 ? probe : `user-${(sequence * 7919) % USER_COUNT}`;
        return makeEvent(userId, sequence, sequence % 10_000, i % 5 === 4 ? 'served' : 'watch');
      });
      const sample = postBatch(collector.url, EventBatch.encode({ events }).finish()).then(() =>
        untilReadable(space, probe),
      );
      // Told below; until then it is no unhandled rejection.
      sample.catch(() => undefined);
      samples.push(sample);
    }
    const sentPerSecond = Math.round((sentCount * 1_000) / (performance.now() - startMs));
    const latenciesMs = (await Promise.all(samples)).slice(WARM_UP_SECONDS * requestsPerSecond);
    const rounded = (ms: number) => Math.round(ms * 10) / 10;
    return {
      sentPerSecond,
      samples: latenciesMs.length,
      p50Ms: rounded(quantile(latenciesMs, 0.5)),
      p99Ms: rounded(quantile(latenciesMs, 0.99)),
      maxMs: rounded(Math.max(...latenciesMs)),
    };
  } finally {
    await Promise.all([collector.process.stop(), materialiser.process.stop()]);
    await space.dispose();
  }
}

/** Of whole events, as evenly as it goes: all requests of a second together have as many as the rate says, and each has one or more. */
export function eventsOfRequest(request: number, rate: number, requestsPerSecond: number): number {
  const before = (count: number) => Math.floor((count * rate) / requestsPerSecond);
  return before(request + 1) - before(request);
}

async function untilReadable({ store }: OwnWorld, userId: string): Promise<number> {
  const acceptedMs = performance.now();
  const partition = partitionOf(userId, PARTITION_COUNT);
  while ((await store.read(partition, userId)).state === undefined) {
    if (performance.now() - acceptedMs > GIVE_UP_MS) throw new Error(`${userId} was not readable within 30 s`);
    await sleep(1);
  }
  return performance.now() - acceptedMs;
}

const partitions = () => ({ WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITION_COUNT) });
