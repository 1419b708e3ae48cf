/** All services of one WatchNext on this machine, on free ports and in one folder. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CollectorClient, type DrainOptions, GatewayClient } from '@watchnext/clients';
import { embeddedPaths, loadDriverSettings, TRAINER_EXIT_CODES } from '@watchnext/config';
import { openEventArchive, type EventArchive } from '@watchnext/event-archive';
import { openEventLog, type EventLog } from '@watchnext/event-log';
import { openFeatureStore, type FeatureStore } from '@watchnext/feature-store';
import { freePorts } from '@watchnext/local-stack';
import { announceSnapshot } from '@watchnext/service';
import { withOwned } from '@watchnext/waiting';
import type { AppName, ServiceProcess } from '@watchnext/service-process';
import { openSnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';
import { publishInto, type WriteFiles } from '@watchnext/testing/snapshots';
import { stopToo, temporaryFolder, type TemporaryFolder } from './interruption';
import { isolatedService } from './isolated-service';

export interface LocalSystemOptions {
  /** Where everything is kept; default: a temporary folder, removed by `dispose`. */
  readonly dataDirectory?: string;
  /** Further settings of all services. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Settings of single services, which take precedence. */
  readonly own?: Partial<Readonly<Record<Server, Readonly<Record<string, string>>>>>;
  /** Options of Node itself for a service, as to profile it. */
  readonly nodeArgs?: (app: Server) => readonly string[];
}

/** Of a system whose machine has other things to do. */
const STUCK_MS = 120_000;

type Server = Exclude<AppName, 'trainer'>;
const SERVERS: readonly Server[] = ['ingestion', 'retrieval', 'ranking', 'gateway'];

export class LocalSystem {
  readonly gatewayUrl: string;
  readonly ingestionUrl: string;

  private readonly trainers = new Set<ServiceProcess>();
  private readonly forget = stopToo(() => this.stop());
  private stopping: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly dataDirectory: string,
    private readonly temporary: TemporaryFolder | undefined,
    private readonly environment: Readonly<Record<string, string>>,
    readonly ports: Readonly<Record<Server, number>>,
    readonly services: Readonly<Record<Server, ServiceProcess>>,
  ) {
    this.gatewayUrl = `http://127.0.0.1:${ports.gateway}`;
    this.ingestionUrl = `http://127.0.0.1:${ports.ingestion}`;
  }

  static async create(options: LocalSystemOptions = {}): Promise<LocalSystem> {
    const temporary = options.dataDirectory === undefined ? temporaryFolder('system') : undefined;
    const dataDirectory = options.dataDirectory ?? (temporary as TemporaryFolder).path;
    const [ingestion, retrieval, ranking, gateway] = (await freePorts(4)) as [number, number, number, number];
    const ports = { ingestion, retrieval, ranking, gateway };
    const environment = {
      WATCHNEXT_DATA_DIR: dataDirectory,
      WATCHNEXT_LOG_FORMAT: 'json',
      WATCHNEXT_ARCHIVE_FLUSH_SECONDS: '1',
      ...options.environment,
    };
    const own: Record<Server, Record<string, string>> = {
      ingestion: { WATCHNEXT_HTTP_PORT: String(ingestion) },
      retrieval: { WATCHNEXT_GRPC_PORT: String(retrieval) },
      ranking: { WATCHNEXT_GRPC_PORT: String(ranking) },
      gateway: {
        WATCHNEXT_HTTP_PORT: String(gateway),
        WATCHNEXT_CONSOLE: 'open',
        WATCHNEXT_RETRIEVAL_ADDRESS: `127.0.0.1:${retrieval}`,
        WATCHNEXT_RANKING_ADDRESS: `127.0.0.1:${ranking}`,
        WATCHNEXT_INGESTION_URL: `http://127.0.0.1:${ingestion}`,
      },
    };
    const logs = join(dataDirectory, 'logs');
    const services = Object.fromEntries(
      SERVERS.map((app) => [
        app,
        isolatedService(
          app,
          { ...environment, ...own[app], ...options.own?.[app] },
          logs,
          [],
          options.nodeArgs?.(app) ?? [],
        ),
      ]),
    ) as Record<Server, ServiceProcess>;
    return new LocalSystem(dataDirectory, temporary, environment, ports, services);
  }

  private get settings() {
    return loadDriverSettings(this.environment);
  }

  private get paths() {
    return embeddedPaths(this.dataDirectory);
  }

  /** Caches of readers belong to one process each. */
  private ownCache(): string {
    return join(this.dataDirectory, 'reader-cache');
  }

  /** Ingestion first: it creates the topics. */
  async start(): Promise<void> {
    await this.services.ingestion.start();
    await Promise.all([this.services.retrieval.start(), this.services.ranking.start(), this.services.gateway.start()]);
  }

  private get logs(): string {
    return join(this.dataDirectory, 'logs');
  }

  /** What the trainer said last, of whichever run; empty where it has not run. */
  trainerLogTail(): string {
    return this.trainer([]).logTail();
  }

  private trainer(args: readonly string[]): ServiceProcess {
    return isolatedService('trainer', this.environment, this.logs, ['--once', ...args]);
  }

  /** One run of the trainer. @returns its exit code: of one that published, that the gate rejected, or that found nothing to train on */
  async train(args: readonly string[] = []): Promise<number> {
    const trainer = this.trainer(args);
    this.trainers.add(trainer);
    const code = await trainer.runToEnd().finally(() => this.trainers.delete(trainer));
    const { published, rejected, nothingToTrain } = TRAINER_EXIT_CODES;
    if (code !== published && code !== rejected && code !== nothingToTrain)
      throw new Error(`the trainer ended with ${code}:\n${trainer.logTail()}`);
    return code;
  }

  /** This system's drivers, opened from its own settings as its services open theirs. Close what you open. */
  openFeatureStore(): FeatureStore {
    return openFeatureStore(this.settings, this.paths.featureStore);
  }

  /** All that its feature store has now, by user: the encoded state, in hexadecimal. */
  async storedStates(partitionCount: number): Promise<Map<string, string>> {
    const store = this.openFeatureStore();
    try {
      const found = new Map<string, string>();
      for (let partition = 0; partition < partitionCount; partition++) {
        const userIds = await store.listUserIds(partition, { limit: 10_000 });
        const stored = await store.readMany(partition, userIds);
        for (const [userId, bytes] of stored) found.set(userId, Buffer.from(bytes).toString('hex'));
      }
      return found;
    } finally {
      await store.close();
    }
  }

  openArchive(): EventArchive {
    return openEventArchive({ ...this.settings, WATCHNEXT_CACHE_DIR: this.ownCache() }, this.paths.archive);
  }

  openSnapshots(): SnapshotStore {
    return openSnapshotStore({ ...this.settings, WATCHNEXT_CACHE_DIR: this.ownCache() }, this.paths.snapshots);
  }

  /** Where the embedded drivers keep the archive. */
  get archiveFolder(): string {
    return this.paths.archive;
  }

  openLog(): Promise<EventLog> {
    return openEventLog(this.settings, this.paths.eventLog, 'operator');
  }

  /** Publishes what `write` puts into a folder, as the trainer does, and tells of it. */
  publish(snapshotId: string, write: WriteFiles): Promise<void> {
    return withOwned(async (own) => {
      const store = own(this.openSnapshots());
      const log = own(await this.openLog());
      await publishInto(store, snapshotId, write, { under: this.dataDirectory });
      await announceSnapshot(log, snapshotId);
    });
  }

  /** Whether lists are full, ten in a row: circuits are shut, and nothing waits. */
  async isFull(): Promise<boolean> {
    const gateway = new GatewayClient(this.gatewayUrl);
    for (let asked = 0; asked < 10; asked++) {
      const { rung } = await gateway.recommendations(`viewer-${asked}`, { limit: 10, surface: 'home' });
      if (rung !== 'full') return false;
      await sleep(20);
    }
    return true;
  }

  /** Resolves once every accepted event is in the states and in the archive. */
  async drained(options?: DrainOptions): Promise<void> {
    await new CollectorClient(this.ingestionUrl).drained({ stuckMs: STUCK_MS, ...options });
  }

  /** As `drained`, but whatever the archive lacks: with a flush of an hour it lags until the stop. */
  async materialised(): Promise<void> {
    await this.drained({ of: ['materialised'] });
  }

  /** Stops all services and removes a temporary folder. */
  async dispose(): Promise<void> {
    await this.stop();
    this.forget();
    await this.temporary?.remove();
  }

  /** Whoever asks while others are waited for waits for those, too. */
  private async stop(): Promise<void> {
    const processes = [...SERVERS.map((app) => this.services[app]), ...this.trainers];
    this.stopping = Promise.all([this.stopping, ...processes.map((process) => process.stop())]);
    await this.stopping;
  }
}

/** Repeats a check until it holds. @throws after `limitMs`, with what was waited for */
export async function until(what: string, holds: () => Promise<boolean>, limitMs = 120_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    if (await holds().catch(() => false)) return;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs / 1000} s for ${what}`);
    await sleep(50);
  }
}
