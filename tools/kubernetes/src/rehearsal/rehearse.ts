/**
 * A roll-out without a cluster: the pods of the `production` overlay as processes, or as containers, two of each, on a Kafka with TLS and just
 * the rights that the manifests give, a Redis Cluster and an S3 test server. A small world's history comes in over HTTP and
 * is trained on; then every pod is replaced, one after the other, while lists are asked for and events sent.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TRAINER_EXIT_CODES } from '@watchnext/config';
import { API_KEY_HEADER } from '@watchnext/contract';
import { until } from '@watchnext/end-to-end';
import { DAY_MS } from '@watchnext/features';
import { freePorts, type Stack, startStack, stopStack, stopOnSignal } from '@watchnext/local-stack';
import { ProducerClient } from '@watchnext/producer-client';
import { CollectorClient, GatewayClient, readMetric } from '@watchnext/clients';
import { DEFAULT_WORLD, generateHistory, sendAll, World } from '@watchnext/simulator';
import { buildRoot, type KubernetesObject } from '../objects';
import { type Workload, workloadsOf } from '../pods';
import { applyStrimzi, groupsWithoutOffsets, kafkaUsers } from './kafka-rights';
import { Load, type LoadReport } from './load';
import { type PodProcess, podProcess } from './pod-process';
import { Replica, type Usage } from './replica';
import { ServiceAddress } from './service-address';
import { API_KEY, type Containers, type Place } from './settings';

export interface RehearsalOptions {
  readonly replicas: number;
  /** Default: as in the manifests. */
  readonly preStopSeconds?: number;
  readonly listsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly viewers: number;
  /** Default: pods are processes of what is built here. */
  readonly containers?: Containers;
  readonly onProgress?: (text: string) => void;
}

export interface RehearsalReport extends LoadReport {
  readonly restarts: number;
  /** Events that were acknowledged and are not in the states and the archive at the end. */
  readonly lagRecords: number;
  readonly groupsWithoutOffsets: readonly string[];
  /** "gateway-0: 137" of a pod that did not end with 0 within its time after SIGTERM. */
  readonly badEnds: readonly string[];
  /** Searches of each pod of retrieval before the first was replaced: the gateways share theirs among all. */
  readonly searches: Readonly<Record<string, number>>;
  /** By workload, the largest of its replicas. */
  readonly usage: Readonly<Record<string, Usage>>;
  readonly seconds: number;
}

/** No request failed, nothing acknowledged got lost, KEDA would see every lag, every pod ended well, and none was left out. */
export const isGood = ({ failures, lagRecords, groupsWithoutOffsets, badEnds, searches }: RehearsalReport): boolean =>
  failures.length === 0 &&
  lagRecords === 0 &&
  groupsWithoutOffsets.length === 0 &&
  badEnds.length === 0 &&
  Object.values(searches).every((count) => count > 0);

const START_LIMIT_MS = 240_000;
/** Ingestion first, the front door last, as a new version of all would be rolled out. */
const ORDER = ['ingestion-collect', 'ingestion-materialise', 'ingestion-archive', 'retrieval', 'ranking', 'gateway'];

export async function rehearse(options: RehearsalOptions): Promise<RehearsalReport> {
  const startMs = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'watchnext-rehearsal-'));
  const [production, strimzi] = [buildRoot('overlays/production'), buildRoot('strimzi')];
  const stackDirectory = join(directory, 'stack');
  const collect = await ServiceAddress.open();
  let cluster: Cluster | undefined;
  let stopping: Promise<void> | undefined;
  // A signal and the failure that follows it wait for the same end.
  const stop = () =>
    (stopping ??= (async () => {
      await cluster?.stop();
      await collect.close();
      await stopStack(stackDirectory);
      rmSync(directory, { recursive: true, force: true });
    })().finally(() => running.delete(stop)));
  running.add(stop);
  try {
    options.onProgress?.('Kafka, Redis and the S3 server …');
    const stack = await startStack({
      directory: stackDirectory,
      brokerCount: 1,
      redis: 'cluster',
      s3: true,
      secureKafka: true,
      kafkaUsers: kafkaUsers(strimzi),
    });
    await applyStrimzi(stack, strimzi);
    cluster = await Cluster.create(production, stack, directory, collect, options);
    const report = await cluster.rehearse(startMs);
    return { ...report, groupsWithoutOffsets: await groupsWithoutOffsets(stack, production) };
  } finally {
    await stop();
  }
}

const running = new Set<() => Promise<void>>();

/** A rehearsal that is told to stop leaves nothing running and no folder. */
export function stopRehearsalsOnSignal(): void {
  stopOnSignal(running);
}

class Cluster {
  private readonly world: World;
  private trainer: PodProcess | undefined;

  private constructor(
    private readonly workloads: readonly Workload[],
    private readonly replicas: ReadonlyMap<string, readonly Replica[]>,
    private readonly place: Place,
    private readonly options: RehearsalOptions,
  ) {
    const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    this.world = new World({
      ...DEFAULT_WORLD,
      seed: 1,
      viewerCount: options.viewers,
      videoCount: 250,
      dayCount: 7,
      endMs,
    });
  }

  static async create(
    objects: readonly KubernetesObject[],
    stack: Stack,
    directory: string,
    collect: ServiceAddress,
    options: RehearsalOptions,
  ): Promise<Cluster> {
    const workloads = workloadsOf(objects);
    const services = ORDER.map((name) => workloads.find((one) => one.name === name) as Workload);
    const ports = new Map<string, number[][]>();
    for (const { name, container } of services) {
      const count = container.ports.length as number;
      const own = await freePorts(options.replicas * count);
      ports.set(
        name,
        Array.from({ length: options.replicas }, (_, i) => own.slice(i * count, (i + 1) * count)),
      );
    }
    const firstOf = (name: string) => (ports.get(name) ?? []).map(([port]) => port as number);
    const addresses = {
      retrieval: firstOf('retrieval'),
      ranking: firstOf('ranking'),
      collectUrl: `http://127.0.0.1:${collect.port}`,
    };
    const place = { stack, objects, directory, addresses, containers: options.containers };
    const replicas = new Map(
      services.map((workload) => [
        workload.name,
        (ports.get(workload.name) ?? []).map((own, i) => new Replica(workload, `${workload.name}-${i}`, own, place)),
      ]),
    );
    collect.use(replicas.get('ingestion-collect') ?? []);
    return new Cluster(workloads, replicas, place, options);
  }

  async rehearse(startMs: number): Promise<Omit<RehearsalReport, 'groupsWithoutOffsets'>> {
    await this.startServices(ORDER.filter((name) => name.startsWith('ingestion')));
    await this.fill();
    await this.train();
    await this.startServices(['retrieval', 'ranking']);
    await this.startServices(['gateway']);
    const gateways = this.of('gateway');
    await until('full lists', () => this.isFull(), START_LIMIT_MS);

    const load = new Load({
      gateways,
      collectors: this.of('ingestion-collect'),
      viewerIds: this.world.viewers.map(({ id }) => id),
      videoIds: this.world.videos.map(({ id }) => id),
      listsPerSecond: this.options.listsPerSecond,
      eventsPerSecond: this.options.eventsPerSecond,
    });
    let restarts = 0;
    let searches: Record<string, number> = {};
    let report: LoadReport;
    try {
      for (const name of ORDER) {
        if (name === 'retrieval') searches = await this.searches();
        restarts += await this.restart(name);
      }
    } finally {
      report = await load.stop();
    }
    const lagRecords = await this.lagAtTheEnd();
    await this.stop();
    return {
      ...report,
      restarts,
      searches,
      lagRecords,
      badEnds: this.badEnds(),
      usage: this.usage(),
      seconds: (performance.now() - startMs) / 1_000,
    };
  }

  async stop(): Promise<void> {
    await Promise.all([this.trainer, ...[...this.replicas.values()].flat()].map((one) => one?.stop()));
  }

  private of(name: string): readonly Replica[] {
    return this.replicas.get(name) ?? [];
  }

  private async startServices(names: readonly string[]): Promise<void> {
    this.say(`starts ${names.join(', ')}`);
    const replicas = names.flatMap((name) => this.of(name));
    await Promise.all(replicas.map((replica) => replica.start()));
    await Promise.all(replicas.map((replica) => replica.join(START_LIMIT_MS)));
  }

  private async fill(): Promise<void> {
    const { events } = generateHistory(this.world);
    this.say(`sends ${events.length} events of ${this.world.viewers.length} viewers`);
    const url = this.place.addresses.collectUrl;
    const rejected: string[] = [];
    const onRejected = ({ reason }: { reason: string }) => rejected.push(reason);
    const client = new ProducerClient({ url, producer: 'simulator', apiKey: API_KEY, onRejected });
    await sendAll(events, client);
    await client.close();
    if (rejected.length > 0) throw new Error(`the collector rejected ${rejected.length} events: ${rejected[0]}`);
    await this.collector.drained({ stuckMs: START_LIMIT_MS });
  }

  private async train(): Promise<void> {
    this.say('trains');
    const workload = this.workloads.find(({ name }) => name === 'trainer') as Workload;
    const folder = join(this.place.directory, 'trainer');
    // What is rehearsed is the roll-out: a world so small may teach a model less than its gate asks for.
    const args = [...workload.container.args, '--override-gate'];
    const trainer = (this.trainer = podProcess(workload, this.place, [], folder, args));
    const code = await trainer.runToEnd();
    if (code !== TRAINER_EXIT_CODES.published)
      throw new Error(`the trainer ended with ${code}:\n${trainer.logTail(40)}`);
  }

  /** One pod after the other: a new one is ready before the next one goes. */
  private async restart(name: string): Promise<number> {
    const replicas = this.of(name);
    for (const replica of replicas) {
      this.say(`replaces ${replica.name}`);
      const { seconds } = replica.workload.container.lifecycle.preStop.sleep as { seconds: number };
      await replica.leave(this.options.preStopSeconds ?? seconds);
      await replica.start();
      await replica.join(START_LIMIT_MS);
    }
    return replicas.length;
  }

  private async isFull(): Promise<boolean> {
    const [viewer] = this.world.viewers;
    const lists = await Promise.all(
      this.of('gateway').map(({ url }) =>
        new GatewayClient(url).recommendations(viewer?.id ?? '', { limit: 10, surface: 'home' }),
      ),
    );
    return lists.every(({ rung }) => rung === 'full');
  }

  private async searches(): Promise<Record<string, number>> {
    const counts = this.of('retrieval').map(async ({ name, ports }): Promise<[string, number]> => {
      return [name, await readMetric(`http://127.0.0.1:${ports[1]}`, 'watchnext_retrieval_searches_total')];
    });
    return Object.fromEntries(await Promise.all(counts));
  }

  private get collector(): CollectorClient {
    return new CollectorClient(this.place.addresses.collectUrl, { [API_KEY_HEADER]: API_KEY });
  }

  private async lagAtTheEnd(): Promise<number> {
    await this.collector.drained({ stuckMs: START_LIMIT_MS }).catch(() => undefined);
    const { materialised, archived } = await this.collector.lag();
    return Math.max(materialised, archived);
  }

  private badEnds(): string[] {
    return [...this.replicas.values()]
      .flat()
      .flatMap(({ name, badExitCodes }) => badExitCodes.map((code) => `${name}: ${code}`));
  }

  private usage(): Record<string, Usage> {
    return Object.fromEntries(
      ORDER.map((name) => {
        const usages = this.of(name).flatMap((replica) => replica.usages);
        const most = (key: keyof Usage) => Math.max(...usages.map((usage) => usage[key]));
        return [
          name,
          { peakMemoryMb: most('peakMemoryMb'), cpuSeconds: most('cpuSeconds'), wallSeconds: most('wallSeconds') },
        ];
      }),
    );
  }

  private say(text: string): void {
    this.options.onProgress?.(text);
  }
}
