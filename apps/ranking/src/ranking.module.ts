import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { RankingServiceService } from '@watchnext/contract';
import { TowerThreads } from '@watchnext/inference';
import {
  closeInOrder,
  type ExperimentsFollowing,
  followExperiments,
  followSnapshots,
  GrpcServer,
  grpcServerCredentials,
  type Logger,
  type MetricsRegistry,
  openServiceLog,
  type ProbeServer,
  readyToServe,
  type ServiceLog,
  serveProbes,
  type SnapshotFollowing,
  unaryHandler,
  untilFollowing,
  watchCertificates,
  watchProcess,
} from '@watchnext/service';
import { type LocalSnapshot, openSnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';
import { endAtOnce } from '@watchnext/threads';
import { checkSnapshot, LastQueries } from './check-snapshot';
import { rankingPaths, type RankingSettings } from './config';
import { createMetrics, METRICS } from './metrics';
import { isRankerFile, loadRankingSnapshot, type RankingSnapshot } from './ranking-snapshot';
import { RankingService } from './ranking.service';

/** How long a start waits for the announcements of snapshots, which are a help only. */
const ANNOUNCEMENTS_WAIT_MS = 5_000;
const SERVICE_NAME = 'watchnext.ranking.v1.RankingService';
const SETTINGS = Symbol('settings');
const LOGGER = Symbol('logger');
const EVENT_LOG = Symbol('event log');
const SNAPSHOT_STORE = Symbol('snapshot store');

@Module({})
export class RankingModule implements OnApplicationShutdown {
  private server: GrpcServer | undefined;
  private port = 0;
  private stopping = false;
  private experiments: ExperimentsFollowing | undefined;
  private http: ProbeServer | undefined;
  private following: SnapshotFollowing<RankingSnapshot> | undefined;
  private threads: TowerThreads | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: RankingSettings,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(EVENT_LOG) private readonly log: ServiceLog,
    @Inject(SNAPSHOT_STORE) private readonly snapshotStore: SnapshotStore,
  ) {}

  static with(settings: RankingSettings, logger: Logger): DynamicModule {
    const paths = rankingPaths(settings);
    return {
      module: RankingModule,
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: LOGGER, useValue: logger },
        { provide: EVENT_LOG, useFactory: () => openServiceLog(settings, paths.eventLog, 'ranking', logger) },
        { provide: SNAPSHOT_STORE, useFactory: () => openSnapshotStore(settings, paths.snapshots) },
      ],
    };
  }

  /**
   * Listens, loads the current snapshot if there is one, and follows.
   * @param stopping aborted, it waits for nothing more, and loads no snapshot
   * @returns the port bound
   * @throws EventLogError where the log answers and refuses
   */
  async serve(stopping: AbortSignal): Promise<number> {
    const metrics = createMetrics();
    watchProcess(metrics);
    watchCertificates(metrics, this.settings, this.logger);
    const { WATCHNEXT_RANKING_THREADS: threadCount, WATCHNEXT_RANKING_QUEUE: queueLimit } = this.settings;
    const threads = (this.threads = new TowerThreads({
      threadCount,
      queueLimit,
      onLost: (error) => {
        this.logger.fatal({ err: error }, 'cannot rank any more');
        endAtOnce(1);
      },
    }));
    const lastQueries = new LastQueries();
    const experiments = (this.experiments = await followExperiments(this.settings, this.logger));
    const { announcements } = (this.following = await followSnapshots({
      store: this.snapshotStore,
      eventLog: this.log.eventLog,
      logger: this.logger,
      only: isRankerFile,
      load: (local, closing) => this.loadChecked(local, threads, lastQueries, closing),
      capacity: this.settings.WATCHNEXT_HELD_SNAPSHOTS,
      pinned: () => experiments.pinnedSnapshots(Date.now()),
      onReady: () => this.server?.setServing(true),
      beforeLoad: async (holder) => {
        const service = new RankingService(holder, metrics, lastQueries, {
          atOnce: threadCount,
          queueLimit: queueLimit * threadCount,
        });
        metrics.gauge(METRICS.pendingRuns, () => threads.pending + service.waitingCount);
        await this.listen(service, metrics);
      },
      stopping,
      metrics,
    }));
    if (!this.log.unavailable) await untilFollowing(announcements, ANNOUNCEMENTS_WAIT_MS, stopping);
    return this.port;
  }

  /** Alive, and not serving before there is a snapshot. */
  private async listen(service: RankingService, metrics: MetricsRegistry): Promise<void> {
    const readyState = () => readyToServe(this.server, this.stopping);
    this.http = await serveProbes(this.settings, { metrics, readyState }, this.logger);
    this.server = new GrpcServer(
      this.logger,
      SERVICE_NAME,
      RankingServiceService,
      {
        rank: unaryHandler(this.logger, 'Rank', (request, context) => service.rank(request, context), metrics),
      },
      grpcServerCredentials(this.settings),
    );
    const { WATCHNEXT_HOST: host, WATCHNEXT_GRPC_PORT: port } = this.settings;
    this.port = await this.server.listen(host, port);
  }

  /** @throws Error for one that must not take over; the holder then goes on serving what it holds; the reason of `closing` */
  private async loadChecked(
    local: LocalSnapshot,
    threads: TowerThreads,
    lastQueries: LastQueries,
    closing: AbortSignal,
  ): Promise<RankingSnapshot> {
    const snapshot = await loadRankingSnapshot(local, threads, closing);
    try {
      const threadCount = this.settings.WATCHNEXT_RANKING_THREADS;
      const report = await checkSnapshot(snapshot, lastQueries.all(), threadCount, closing);
      this.logger.info({ snapshotId: local.snapshotId, ...report }, 'a snapshot scored what it was tried on');
      return snapshot;
    } catch (error) {
      await snapshot.close();
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await closeInOrder([
      () => this.server?.close(),
      () => this.http?.close(),
      () => this.following?.close(),
      () => this.threads?.close(),
      () => this.experiments?.close(),
      () => this.log.eventLog.close(),
      () => this.snapshotStore.close(),
    ]);
  }
}
