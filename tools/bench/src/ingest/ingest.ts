/**
 * How many events a second go through the collector into Kafka, from Kafka into Redis, and through both, beside what
 * kafkajs alone produces and consumes and what redis-benchmark writes, all in one run on servers of its own.
 */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import {
  drained,
  isolatedService,
  materialiserLag,
  openSpace,
  startRealWorld,
  storedStates,
  type OwnWorld,
  type RealWorld,
} from '@watchnext/end-to-end';
import type { FeatureStore } from '@watchnext/feature-store';
import type { ServiceProcess } from '@watchnext/service-process';
import { freePorts } from '@watchnext/local-stack';
import { setTimeout as sleep } from 'node:timers/promises';
import { report, type BenchReport } from '../report';
import { bareConsumer, bareProducer, perSecond, redisBenchmark, redisCli } from './bare';
import { CpuAccount } from './cpu-time';
import { makeLoad, postAll, type Load } from './load';

export interface IngestOptions {
  readonly events: number;
  readonly users: number;
  readonly partitions: number;
  readonly materialisers: number;
  readonly concurrency: number;
  readonly compression: string;
  readonly nodeOptions: string;
  readonly profile?: string;
}

const BATCH_EVENTS = 500;
const AIM_END_TO_END = 20_000;
const AIM_OF_BARE_CONSUMER = 0.5;

export async function benchIngest(options: IngestOptions): Promise<{ result: BenchReport; text: string }> {
  const { events, users, partitions } = options;
  const load = makeLoad({ eventCount: events, userCount: users, batchEvents: BATCH_EVENTS, seed: 1 });
  const tuning = { WATCHNEXT_KAFKA_COMPRESSION: options.compression, NODE_OPTIONS: options.nodeOptions };
  const world = await startRealWorld({ environment: tuning });
  try {
    const brokers = (world.environment['WATCHNEXT_KAFKA_BROKERS'] as string).split(',');
    const redisPort = world.stack.processes.find(({ name }) => name === 'redis')?.port as number;

    const bareProduced = await bareProducer(brokers, 'bare', partitions, load.records);
    const halves = await openSpace(world, 'halves', { WATCHNEXT_ACTIVITY_PARTITIONS: String(partitions) });
    const collected = await collect(halves, load, options);
    const bareConsumed = await bareConsumer(brokers, `halves.${TOPICS.activity}`, 'bare', events);
    const materialised = await materialise(halves, redisPort, options);
    const stateBytes = await meanStateBytes(halves.store, partitions);
    await halves.dispose();
    const endToEnd = await throughBoth(world, load, options);
    const hsets = redisBenchmark(redisPort, stateBytes, users);

    const figures = {
      eventBytes: load.meanEventBytes,
      stateBytes,
      bareProducerPerSecond: bareProduced,
      collectorPerSecond: collected,
      bareConsumerPerSecond: bareConsumed,
      materialiserPerSecond: materialised.eventsPerSecond,
      endToEndPerSecond: endToEnd.eventsPerSecond,
      redisBenchmarkHsetPerSecond: Math.round(hsets),
      redisBenchmarkMbPerSecond: Math.round((hsets * stateBytes) / 1e6),
      materialiserToRedisMbPerSecond: materialised.megabytesPerSecond,
      collectorOfBareProducer: ratio(collected, bareProduced),
      materialiserOfBareConsumer: ratio(materialised.eventsPerSecond, bareConsumed),
      endToEndOfAim: ratio(endToEnd.eventsPerSecond, AIM_END_TO_END),
    };
    const { cpuMicroseconds } = endToEnd;
    const result = report('ingest', { ...options }, { ...figures, cpuMicrosecondsPerEvent: cpuMicroseconds });
    const shares = Object.entries(cpuMicroseconds).map(([name, microseconds]) => `${name} ${microseconds}`);
    const account = `processor time of an event from HTTP to Redis, µs: ${shares.join(', ')}`;
    return { result, text: `${textOf(figures, options)}\n${account}` };
  } finally {
    await world.dispose();
  }
}

async function collect(space: OwnWorld, load: Load, options: IngestOptions): Promise<number> {
  const { process, url } = await startIngestion(space, 'collect', options, 'collect');
  try {
    const startMs = performance.now();
    await postAll(url, load.bodies, options.concurrency);
    return perSecond(load.records.length, startMs);
  } finally {
    await process.stop();
  }
}

/** From the first mark to the last, so without the start of the processes and their join. */
async function materialise(space: OwnWorld, redisPort: number, options: IngestOptions) {
  const processes: ServiceProcess[] = [];
  try {
    for (let i = 0; i < options.materialisers; i++) {
      processes.push((await startIngestion(space, 'materialise', options, `materialise-${i + 1}`)).process);
    }
    while ((await materialiserLag(space.log, space.store)) === options.events) await sleep(5);
    const startMs = performance.now();
    const [lagAtStart, bytesAtStart] = [await materialiserLag(space.log, space.store), bytesReceived(redisPort)];
    await drained(space.log, space.store);
    const seconds = (performance.now() - startMs) / 1_000;
    return {
      eventsPerSecond: Math.round(lagAtStart / seconds),
      megabytesPerSecond: Math.round((bytesReceived(redisPort) - bytesAtStart) / seconds / 1e6),
    };
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
}

/** From the first request to the last mark. */
async function throughBoth(world: RealWorld, load: Load, options: IngestOptions) {
  const space = await openSpace(world, 'both', { WATCHNEXT_ACTIVITY_PARTITIONS: String(options.partitions) });
  const processes: ServiceProcess[] = [];
  try {
    const collector = await startIngestion(space, 'collect', options, 'collect-both');
    processes.push(collector.process);
    for (let i = 0; i < options.materialisers; i++) {
      processes.push((await startIngestion(space, 'materialise', options, `materialise-both-${i + 1}`)).process);
    }
    const [, ...materialisers] = processes;
    const servers = (name: string) =>
      world.stack.processes.filter((one) => one.name.startsWith(name)).map(({ pid }) => pid);
    const account = new CpuAccount(
      new Map([
        ['this bench, sending', [process.pid]],
        ['collector', [collector.process.pid]],
        ['Kafka', servers('kafka')],
        ['materialiser', materialisers.map(({ pid }) => pid)],
        ['Redis', servers('redis')],
      ]),
    );
    const startMs = performance.now();
    await postAll(collector.url, load.bodies, options.concurrency);
    await drained(space.log, space.store);
    const eventsPerSecond = perSecond(load.records.length, startMs);
    return { eventsPerSecond, cpuMicroseconds: account.perEvent(load.records.length) };
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await space.dispose();
  }
}

/** One ingestion process of one role; with a profile folder it leaves a CPU profile there when it ends. */
export async function startIngestion(
  space: OwnWorld,
  role: 'collect' | 'materialise',
  { profile }: { readonly profile?: string },
  name: string,
): Promise<{ process: ServiceProcess; url: string }> {
  const [port] = (await freePorts(1)) as [number];
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  const environment = {
    WATCHNEXT_DATA_DIR: space.directory,
    ...space.environment,
    WATCHNEXT_INGESTION_ROLES: role,
    WATCHNEXT_HTTP_PORT: String(port),
    WATCHNEXT_LOG_FORMAT: 'json',
  };
  const nodeArgs =
    profile === undefined
      ? []
      : ['--cpu-prof', '--cpu-prof-dir', resolve(profile), '--cpu-prof-name', `${name}.cpuprofile`];
  const process = isolatedService('ingestion', environment, `${space.directory}/logs/${name}`, [], nodeArgs);
  await process.start();
  return { process, url: `http://127.0.0.1:${port}` };
}

async function meanStateBytes(store: FeatureStore, partitionCount: number): Promise<number> {
  let [bytes, count] = [0, 0];
  for (let partition = 0; partition < partitionCount; partition++) {
    for (const state of (await storedStates(store, partition)).values()) {
      bytes += state.byteLength;
      count++;
    }
  }
  return Math.round(bytes / count);
}

function bytesReceived(redisPort: number): number {
  return Number(/total_net_input_bytes:(\d+)/.exec(redisCli(redisPort, 'info', 'stats'))?.[1]);
}

const ratio = (a: number, b: number) => Math.round((a / b) * 100) / 100;

function textOf(figures: Record<string, number>, { events, materialisers }: IngestOptions): string {
  const row = (name: string, key: string, note = '') =>
    `${name.padEnd(44)}${(figures[key] ?? 0).toLocaleString('en').padStart(10)}  ${note}`;
  return [
    `${events} events of ${figures['eventBytes']} bytes; states of ${figures['stateBytes']} bytes at the end; ${materialisers} materialiser(s)`,
    row('bare kafkajs producer, events/s', 'bareProducerPerSecond'),
    row(
      'collector → Kafka, events/s',
      'collectorPerSecond',
      `${figures['collectorOfBareProducer']} of the bare producer`,
    ),
    row('bare kafkajs consumer, events/s', 'bareConsumerPerSecond'),
    row(
      'Kafka → Redis, events/s',
      'materialiserPerSecond',
      `${figures['materialiserOfBareConsumer']} of the bare consumer (aim ${AIM_OF_BARE_CONSUMER})`,
    ),
    row('HTTP → Redis, events/s', 'endToEndPerSecond', `${figures['endToEndOfAim']} of the aim of ${AIM_END_TO_END}`),
    row('redis-benchmark HSET of such states, a second', 'redisBenchmarkHsetPerSecond'),
    row('redis-benchmark, MB/s', 'redisBenchmarkMbPerSecond'),
    row('sent to Redis by the materialiser, MB/s', 'materialiserToRedisMbPerSecond'),
  ].join('\n');
}
