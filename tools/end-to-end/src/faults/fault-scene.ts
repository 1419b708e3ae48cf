/**
 * A whole system whose gateway reaches everything it depends on through a network that can be made bad. The event log is behind it for all
 * services alike, as brokers tell every client the proxy's address, and so is the snapshot store for all that read it.
 */
import { readMetric } from '@watchnext/clients';
import { freePorts, missingForStack, startStack, stopStack } from '@watchnext/local-stack';
import { FaultProxy, temporaryDirectory } from '@watchnext/testing';
import { stopToo } from '../interruption';
import { LocalSystem, until } from '../local-system';
import { tellCatalogue, tellVideo, writeSmallSnapshot } from './small-world';

export const DEPENDENCIES = [
  'retrieval',
  'ranking',
  'collector',
  'feature store',
  'event log',
  'snapshot store',
] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

export interface FaultSceneOptions {
  /** The gateway's, in milliseconds. */
  readonly deadlineMs: number;
  /** On embedded drivers a store is a file, between which and the gateway no network can fail. */
  readonly servers: { readonly redis: boolean; readonly kafka: boolean; readonly s3: boolean };
}

/**
 * Far below the defaults, which spare a busy store: a call that got lost in a broken network is given up, and with it its
 * connection, before a viewer notices.
 */
const STORE_TIMEOUT_MS = 2_000;

export class FaultScene {
  private snapshotCount = 0;
  private videoCount = 0;

  private constructor(
    readonly options: FaultSceneOptions,
    readonly proxies: ReadonlyMap<Dependency, FaultProxy>,
    readonly system: LocalSystem,
    private readonly retrievalMetricsPort: number,
    private readonly close: () => Promise<void>,
  ) {}

  /** What this machine lacks for a wish, in words. */
  static missing({ redis, kafka }: FaultSceneOptions['servers']): string[] {
    return missingForStack({ redis, kafka });
  }

  /** Starts servers, services and proxies, and waits for full lists. After a failure nothing is left running. */
  static async create(options: FaultSceneOptions): Promise<FaultScene> {
    const closers: (() => Promise<unknown>)[] = [];
    const close = closing(closers);
    const forget = stopToo(close);
    closers.push(async () => forget());
    try {
      return await build(options, closers, (proxies, system, retrievalMetricsPort) => {
        return new FaultScene(options, proxies, system, retrievalMetricsPort, close);
      });
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** Publishes another snapshot and tells of it, over a network that is in order. @returns its id */
  async publish(): Promise<string> {
    const snapshotId = `20260101T${String(++this.snapshotCount).padStart(6, '0')}Z-faults`;
    await this.system.publish(snapshotId, writeSmallSnapshot);
    return snapshotId;
  }

  /** Tells of another video, over a network that is in order. @returns whether gateway and retrieval have heard of it */
  async tellVideo(): Promise<() => Promise<boolean>> {
    const videoId = `told-${++this.videoCount}`;
    const before = await this.videosOfRetrieval();
    const log = await this.system.openLog();
    await tellVideo(log, videoId).finally(() => log.close());
    return async () => {
      const { ok } = await fetch(`${this.system.gatewayUrl}/v1/videos/${videoId}`);
      return ok && (await this.videosOfRetrieval()) > before;
    };
  }

  private videosOfRetrieval(): Promise<number> {
    return readMetric(`http://127.0.0.1:${this.retrievalMetricsPort}`, 'watchnext_retrieval_catalogue_videos');
  }

  /** Impressions that were answered without a record in the log, so far. */
  unloggedImpressions(): Promise<number> {
    return readMetric(this.system.gatewayUrl, 'watchnext_gateway_unlogged_impressions_total');
  }

  /** Resolves once lists are full and logged, ten in a row. */
  async allWell(): Promise<void> {
    await until(
      'full lists',
      async () => {
        const before = await this.unloggedImpressions();
        return (await this.system.isFull()) && (await this.unloggedImpressions()) === before;
      },
      120_000,
    );
  }

  dispose(): Promise<void> {
    return this.close();
  }
}

async function build(
  { deadlineMs, servers }: FaultSceneOptions,
  closers: (() => Promise<unknown>)[],
  make: (proxies: ReadonlyMap<Dependency, FaultProxy>, system: LocalSystem, retrievalMetricsPort: number) => FaultScene,
): Promise<FaultScene> {
  const proxies = new Map<Dependency, FaultProxy>();
  const proxyTo = async (dependency: Dependency, port: number) => {
    const proxy = await FaultProxy.start(port);
    proxies.set(dependency, proxy);
    closers.push(() => proxy.stop());
    return proxy.port;
  };
  const directory = await temporaryDirectory('faults');
  closers.push(() => directory.remove());
  closers.push(() => stopStack(directory.path));
  const stack = await startStack({
    directory: directory.path,
    brokerCount: servers.kafka ? 1 : 0,
    redis: servers.redis ? 'standalone' : 'none',
    s3: servers.s3,
    // Brokers name the proxy to all their clients.
    ...(servers.kafka && { advertise: async ([port]) => [await proxyTo('event log', port as number)] }),
  });

  const environment: Record<string, string> = {
    ...stack.environment,
    ...(servers.kafka && { WATCHNEXT_EVENT_LOG: 'kafka' }),
    ...(servers.redis && { WATCHNEXT_FEATURE_STORE: 'redis' }),
    ...(servers.s3 && { WATCHNEXT_OBJECT_STORE: 's3', WATCHNEXT_S3_TIMEOUT_MS: String(STORE_TIMEOUT_MS) }),
  };
  const [ingestion, retrieval, retrievalMetrics, ranking] = (await freePorts(4)) as [number, number, number, number];
  const bad: Record<string, string> = {};
  if (servers.redis) bad['WATCHNEXT_REDIS_URL'] = await proxied(environment['WATCHNEXT_REDIS_URL'], 'feature store');
  if (servers.s3) bad['WATCHNEXT_S3_ENDPOINT'] = await proxied(environment['WATCHNEXT_S3_ENDPOINT'], 'snapshot store');
  async function proxied(url: string | undefined, dependency: Dependency): Promise<string> {
    const address = new URL(url as string);
    address.port = String(await proxyTo(dependency, Number(address.port)));
    return address.toString().replace(/\/$/, '');
  }
  const readsSnapshots: Record<string, string> = servers.s3
    ? { WATCHNEXT_S3_ENDPOINT: bad['WATCHNEXT_S3_ENDPOINT'] as string }
    : {};
  const system = await LocalSystem.create({
    environment: { ...environment, WATCHNEXT_LOG_LEVEL: 'warn' },
    own: {
      ingestion: { WATCHNEXT_HTTP_PORT: String(ingestion) },
      retrieval: {
        WATCHNEXT_GRPC_PORT: String(retrieval),
        WATCHNEXT_METRICS_PORT: String(retrievalMetrics),
        ...readsSnapshots,
        ...ownCache('retrieval', directory.path),
      },
      ranking: { WATCHNEXT_GRPC_PORT: String(ranking), ...readsSnapshots, ...ownCache('ranking', directory.path) },
      gateway: {
        ...bad,
        ...ownCache('gateway', directory.path),
        WATCHNEXT_DEADLINE_MS: String(deadlineMs),
        WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: String(STORE_TIMEOUT_MS),
        WATCHNEXT_RETRIEVAL_ADDRESS: `127.0.0.1:${await proxyTo('retrieval', retrieval)}`,
        WATCHNEXT_RANKING_ADDRESS: `127.0.0.1:${await proxyTo('ranking', ranking)}`,
        WATCHNEXT_INGESTION_URL: `http://127.0.0.1:${await proxyTo('collector', ingestion)}`,
      },
    },
  });
  closers.push(() => system.dispose());
  // Services end sooner over a network that is in order.
  closers.push(async () => {
    for (const proxy of proxies.values()) proxy.set({});
  });
  await system.start();
  const log = await system.openLog();
  await tellCatalogue(log).finally(() => log.close());
  const scene = make(proxies, system, retrievalMetrics);
  await scene.publish();
  await scene.allWell();
  return scene;
}

/** Caches of readers belong to one process each. */
const ownCache = (name: string, directory: string) => ({ WATCHNEXT_CACHE_DIR: `${directory}/cache-${name}` });

/** What closes all, the last first, and what is opened meanwhile. Whoever asks again waits for the same. */
function closing(closers: (() => Promise<unknown>)[]): () => Promise<void> {
  let closed: Promise<void> | undefined;
  const closeAll = async () => {
    for (let close = closers.pop(); close; close = closers.pop()) await close().catch(() => undefined);
  };
  return () => (closed ??= closeAll());
}
