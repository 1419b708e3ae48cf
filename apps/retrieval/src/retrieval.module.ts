import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { RetrievalServiceService } from '@watchnext/contract';
import {
  closeInOrder,
  followExperiments,
  followSnapshots,
  GrpcServer,
  grpcServerCredentials,
  LogFollowers,
  type Logger,
  type MetricsRegistry,
  openServiceLog,
  readyToServe,
  type ServiceLog,
  serveProbes,
  unaryHandler,
  untilFollowing,
  watchCertificates,
  watchProcess,
} from '@watchnext/service';
import { openSnapshotStore, type SnapshotHolder, type SnapshotStore } from '@watchnext/snapshot-store';
import { endAtOnce } from '@watchnext/threads';
import { SearchThreads } from '@watchnext/vector-search';
import { followCatalogue } from './catalogue/follow-catalogue';
import { LiveCatalogue } from './catalogue/live-catalogue';
import { retrievalPaths, type RetrievalSettings } from './config';
import { createMetrics, METRICS } from './metrics';
import { RecallMeter } from './recall-meter';
import { isRetrievalFile, type RetrievalSnapshot } from './retrieval-snapshot';
import { RetrievalService } from './retrieval.service';
import { SnapshotLoader } from './snapshot-loader';

/** How long a start waits for the catalogue. */
const CATALOGUE_WAIT_MS = 30_000;
/** And for the announcements of snapshots, which are a help only. */
const ANNOUNCEMENTS_WAIT_MS = 5_000;
const SERVICE_NAME = 'watchnext.retrieval.v1.RetrievalService';
const SETTINGS = Symbol('settings');
const LOGGER = Symbol('logger');
const EVENT_LOG = Symbol('event log');
const SNAPSHOT_STORE = Symbol('snapshot store');

interface SnapshotParts {
  readonly threads: SearchThreads;
  readonly catalogue: LiveCatalogue;
  readonly metrics: MetricsRegistry;
  readonly recall: RecallMeter;
  readonly stopping: AbortSignal;
}

@Module({})
export class RetrievalModule implements OnApplicationShutdown {
  private server: GrpcServer | undefined;
  private port = 0;
  private stopping = false;
  /** In the order of opening; closed in the reverse. */
  private readonly closers: (() => Promise<void>)[] = [];

  constructor(
    @Inject(SETTINGS) private readonly settings: RetrievalSettings,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(EVENT_LOG) private readonly log: ServiceLog,
    @Inject(SNAPSHOT_STORE) private readonly snapshotStore: SnapshotStore,
  ) {}

  static with(settings: RetrievalSettings, logger: Logger): DynamicModule {
    const paths = retrievalPaths(settings);
    return {
      module: RetrievalModule,
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: LOGGER, useValue: logger },
        { provide: EVENT_LOG, useFactory: () => openServiceLog(settings, paths.eventLog, 'retrieval', logger) },
        { provide: SNAPSHOT_STORE, useFactory: () => openSnapshotStore(settings, paths.snapshots) },
      ],
    };
  }

  /**
   * Reads the catalogue, listens, loads the current snapshot if there is one, and follows both.
   * @param stopping aborted, it waits for nothing more, and loads no snapshot
   * @returns the port bound
   * @throws EventLogError where the log answers and refuses
   */
  async serve(stopping: AbortSignal): Promise<number> {
    const { settings, logger } = this;
    const { eventLog, unavailable } = this.log;
    const metrics = createMetrics();
    watchProcess(metrics);
    watchCertificates(metrics, settings, logger);
    const threads = this.startThreads(metrics);
    const catalogue = new LiveCatalogue((error, videoId) => {
      metrics.count(METRICS.refusedVideos);
      logger.warn({ videoId, err: error }, 'a video could not be taken over from the catalogue');
    });
    metrics.gauge(METRICS.catalogueVideos, () => catalogue.size);
    const followers = new LogFollowers(metrics);
    const following = followCatalogue(followers.watch('catalogue', eventLog), catalogue, logger);
    this.closers.push(() => following.stop());
    // A log that is down must not keep retrieval down: what it would tell of new videos comes later.
    if (!unavailable) await untilFollowing(following, CATALOGUE_WAIT_MS, stopping);

    const recall = new RecallMeter(settings.WATCHNEXT_RECALL_SAMPLE_SECONDS, (error) =>
      logger.debug({ err: error }, 'a sample of the recall failed'),
    );
    metrics.gauge(METRICS.recall, () => recall.recall);
    metrics.gauge(METRICS.recallSamples, () => recall.sampleCount);
    recall.start();
    this.closers.push(async () => recall.stop());

    await this.followSnapshots({ threads, catalogue, metrics, recall, stopping });
    return this.port;
  }

  private startThreads(metrics: MetricsRegistry): SearchThreads {
    const threads = new SearchThreads({
      threadCount: this.settings.WATCHNEXT_SEARCH_THREADS,
      queueLimit: this.settings.WATCHNEXT_SEARCH_QUEUE,
      onLost: (error) => {
        this.logger.fatal({ err: error }, 'cannot search any more');
        endAtOnce(1);
      },
    });
    metrics.gauge(METRICS.pendingSearches, () => threads.pending);
    this.closers.push(() => threads.close());
    return threads;
  }

  private async followSnapshots({ threads, catalogue, metrics, recall, stopping }: SnapshotParts): Promise<void> {
    const { settings, logger } = this;
    const loader = new SnapshotLoader({
      threads,
      catalogue,
      metrics,
      logger,
      limits: {
        minimumRecall: settings.WATCHNEXT_CANARY_MIN_RECALL,
        minimumOverlap: settings.WATCHNEXT_CANARY_MIN_OVERLAP,
      },
    });
    const experiments = await followExperiments(settings, logger);
    this.closers.push(async () => experiments.close());
    let holding: SnapshotHolder<RetrievalSnapshot> | undefined;
    const following = await followSnapshots<RetrievalSnapshot>({
      store: this.snapshotStore,
      eventLog: this.log.eventLog,
      logger,
      only: isRetrievalFile,
      load: (local, closing) =>
        loader.load(local, closing, (work) =>
          holding?.currentId() === undefined ? work(undefined) : holding.use(undefined, work),
        ),
      capacity: settings.WATCHNEXT_HELD_SNAPSHOTS,
      pinned: () => experiments.pinnedSnapshots(Date.now()),
      onCurrent: (snapshotId) => loader.setCurrent(snapshotId),
      onReady: () => this.server?.setServing(true),
      beforeLoad: async (holder) => {
        holding = holder;
        const { canaries } = loader;
        await this.listen(new RetrievalService({ holder, catalogue, canaries, recall, metrics }), metrics);
      },
      stopping,
      metrics,
    });
    // Running uses end before their threads do.
    this.closers.push(() => following.close());
    if (!this.log.unavailable) await untilFollowing(following.announcements, ANNOUNCEMENTS_WAIT_MS, stopping);
  }

  /** Alive, and not serving before there is a snapshot. */
  private async listen(service: RetrievalService, metrics: MetricsRegistry): Promise<void> {
    const { settings, logger } = this;
    const readyState = () => readyToServe(this.server, this.stopping);
    const probes = await serveProbes(settings, { metrics, readyState }, logger);
    this.closers.push(async () => probes?.close());
    this.server = new GrpcServer(
      logger,
      SERVICE_NAME,
      RetrievalServiceService,
      {
        retrieve: unaryHandler(logger, 'Retrieve', (request, context) => service.retrieve(request, context), metrics),
      },
      grpcServerCredentials(settings),
    );
    this.port = await this.server.listen(settings.WATCHNEXT_HOST, settings.WATCHNEXT_GRPC_PORT);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await closeInOrder([
      () => this.server?.close(),
      ...this.closers.reverse(),
      () => this.log.eventLog.close(),
      () => this.snapshotStore.close(),
    ]);
  }
}
