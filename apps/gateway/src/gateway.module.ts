import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { topicSpecs } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import { type FeatureStore, openFeatureStore } from '@watchnext/feature-store';
import {
  Draining,
  type ExperimentsFollowing,
  followExperiments,
  followLog,
  followSnapshots,
  grpcClientSecurity,
  isRefused,
  LogFollowers,
  type Logger,
  type LogFollowing,
  openServiceLog,
  type ServiceLog,
  type SnapshotFollowing,
} from '@watchnext/service';
import { openSnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';
import { v7 as timeOrderedId } from 'uuid';
import { type CollectorClient, connectCollector } from './clients/collector';
import { connectRanking, connectRetrieval, type Ranking, type Retrieval } from './clients/model-clients';
import { UserStates } from './clients/user-states';
import { gatewayPaths, type GatewaySettings } from './config';
import { ApiErrorFilter } from '@watchnext/service';
import { Door } from './http/door';
import { EventsController } from './http/events.controller';
import { HealthController } from './http/health.controller';
import { RecommendationsController } from './http/recommendations.controller';
import { SnapshotController } from './http/snapshot.controller';
import { UsersController } from './http/users.controller';
import { VideosController } from './http/videos.controller';
import { Metrics, METRICS } from './metrics';
import { limitOptions, recommendOptions } from './options';
import { Readiness } from './readiness';
import { Recommender } from './recommend';
import { AdaptiveLimit } from './resilience/adaptive-limit';
import { type Calls, createCalls } from './resilience/calls';
import { LoopLag } from './resilience/loop-lag';
import { Catalogue } from './sources/catalogue';
import { followCatalogue, followWatches } from './sources/feeds';
import { PopularSnapshots } from './sources/popular-snapshot';
import { TrendingVideos } from './sources/trending';
import * as tokens from './tokens';

/** Popular lists are small: as many as the model services hold between them. */
const HELD_SNAPSHOTS = 5;

export interface GatewayParts {
  readonly settings: GatewaySettings;
  readonly logger: Logger;
  readonly clock?: tokens.Clock;
  /** Default: UUIDs that are ordered by time. */
  readonly newRequestId?: tokens.RequestIds;
  /** Default: the drivers that the settings name. Specs give others, such as a log that is down. */
  readonly eventLog?: EventLog;
  readonly featureStore?: FeatureStore;
}

@Module({})
export class GatewayModule implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly followings: LogFollowing[] = [];

  constructor(
    @Inject(tokens.SETTINGS) private readonly settings: GatewaySettings,
    @Inject(tokens.SERVICE_LOG) private readonly log: ServiceLog,
    @Inject(tokens.FEATURE_STORE) private readonly featureStore: FeatureStore,
    @Inject(tokens.SNAPSHOT_STORE) private readonly snapshotStore: SnapshotStore,
    @Inject(tokens.SNAPSHOT_FOLLOWING) private readonly following: SnapshotFollowing<{ close(): void }>,
    @Inject(tokens.EXPERIMENTS) private readonly experiments: ExperimentsFollowing,
    @Inject(tokens.RETRIEVAL) private readonly retrieval: Retrieval,
    @Inject(tokens.RANKING) private readonly ranking: Ranking,
    @Inject(tokens.COLLECTOR) private readonly collector: CollectorClient,
    @Inject(Catalogue) private readonly catalogue: Catalogue,
    @Inject(TrendingVideos) private readonly trending: TrendingVideos,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(LoopLag) private readonly lag: LoopLag,
    @Inject(Draining) private readonly draining: Draining,
    @Inject(LogFollowers) private readonly followers: LogFollowers,
    @Inject(tokens.LOGGER) private readonly logger: Logger,
  ) {}

  static with({
    settings,
    logger,
    clock = Date.now,
    newRequestId = (msecs) => timeOrderedId({ msecs }),
    eventLog,
    featureStore,
  }: GatewayParts): DynamicModule {
    const paths = gatewayPaths(settings);
    return {
      module: GatewayModule,
      controllers: [
        RecommendationsController,
        UsersController,
        VideosController,
        SnapshotController,
        EventsController,
        HealthController,
      ],
      providers: [
        { provide: tokens.SETTINGS, useValue: settings },
        { provide: tokens.LOGGER, useValue: logger },
        { provide: tokens.CLOCK, useValue: clock },
        { provide: tokens.REQUEST_IDS, useValue: newRequestId },
        { provide: APP_FILTER, useFactory: () => new ApiErrorFilter(logger) },
        {
          provide: tokens.SERVICE_LOG,
          useFactory: () =>
            eventLog ? { eventLog, unavailable: undefined } : openServiceLog(settings, paths.eventLog, logger),
        },
        {
          provide: tokens.EVENT_LOG,
          useFactory: (log: ServiceLog) => log.eventLog,
          inject: [tokens.SERVICE_LOG],
        },
        {
          provide: tokens.FEATURE_STORE,
          useFactory: () => featureStore ?? openFeatureStore(settings, paths.featureStore),
        },
        { provide: tokens.SNAPSHOT_STORE, useFactory: () => openSnapshotStore(settings, paths.snapshots) },
        {
          provide: tokens.EXPERIMENTS,
          useFactory: (metrics: Metrics) =>
            followExperiments(settings, logger, () => metrics.count(METRICS.refusedExperiments)),
          inject: [Metrics],
        },
        {
          provide: tokens.SNAPSHOT_FOLLOWING,
          useFactory: (
            store: SnapshotStore,
            log: EventLog,
            snapshots: PopularSnapshots,
            experiments: ExperimentsFollowing,
            metrics: Metrics,
          ) =>
            followSnapshots({
              metrics,
              store,
              eventLog: log,
              logger,
              load: snapshots.load,
              capacity: HELD_SNAPSHOTS,
              pinned: () => experiments.pinnedSnapshots(clock()),
              onCurrent: (snapshotId) => snapshots.setCurrent(snapshotId),
            }),
          inject: [tokens.SNAPSHOT_STORE, tokens.EVENT_LOG, PopularSnapshots, tokens.EXPERIMENTS, Metrics],
        },
        Metrics,
        { provide: tokens.CALLS, useFactory: createCalls, inject: [Metrics] },
        {
          provide: tokens.RETRIEVAL,
          useFactory: ({ retrieval }: Calls) =>
            connectRetrieval(settings.WATCHNEXT_RETRIEVAL_ADDRESS, retrieval, grpcClientSecurity(settings)),
          inject: [tokens.CALLS],
        },
        {
          provide: tokens.RANKING,
          useFactory: ({ ranking }: Calls) =>
            connectRanking(settings.WATCHNEXT_RANKING_ADDRESS, ranking, grpcClientSecurity(settings)),
          inject: [tokens.CALLS],
        },
        {
          provide: tokens.COLLECTOR,
          useFactory: ({ collector }: Calls) => connectCollector(settings, collector),
          inject: [tokens.CALLS],
        },
        { provide: LogFollowers, useFactory: (metrics: Metrics) => new LogFollowers(metrics), inject: [Metrics] },
        { provide: LoopLag, useFactory: () => new LoopLag().start() },
        {
          provide: Door,
          useFactory: (metrics: Metrics, lag: LoopLag) =>
            new Door(new AdaptiveLimit(limitOptions(settings)), metrics, lag),
          inject: [Metrics, LoopLag],
        },
        {
          provide: Catalogue,
          useFactory: (metrics: Metrics) => {
            const catalogue = new Catalogue();
            metrics.gauge(METRICS.catalogueVideos, () => catalogue.size);
            return catalogue;
          },
          inject: [Metrics],
        },
        TrendingVideos,
        PopularSnapshots,
        { provide: Draining, useFactory: () => new Draining() },
        {
          provide: Readiness,
          useFactory: (catalogue: Catalogue, snapshots: PopularSnapshots, draining: Draining) =>
            new Readiness(catalogue, snapshots, draining),
          inject: [Catalogue, PopularSnapshots, Draining],
        },
        {
          provide: UserStates,
          useFactory: (store: FeatureStore) => new UserStates(store, settings.WATCHNEXT_ACTIVITY_PARTITIONS),
          inject: [tokens.FEATURE_STORE],
        },
        {
          provide: Recommender,
          useFactory: (
            states: UserStates,
            retrieval: Retrieval,
            ranking: Ranking,
            log: EventLog,
            catalogue: Catalogue,
            trending: TrendingVideos,
            snapshots: PopularSnapshots,
            metrics: Metrics,
            experiments: ExperimentsFollowing,
            calls: Calls,
          ) =>
            new Recommender(
              {
                states,
                retrieval,
                ranking,
                eventLog: log,
                calls,
                memory: { catalogue, trending, snapshots },
                metrics,
                logger,
                nowMs: clock,
                experiments: () => experiments.current(),
              },
              recommendOptions(settings),
            ),
          inject: [
            UserStates,
            tokens.RETRIEVAL,
            tokens.RANKING,
            tokens.EVENT_LOG,
            Catalogue,
            TrendingVideos,
            PopularSnapshots,
            Metrics,
            tokens.EXPERIMENTS,
            tokens.CALLS,
          ],
        },
      ],
    };
  }

  /**
   * Begins to follow the log; readiness waits for the catalogue, requests do not wait for the watch counts. Fulfils when both
   * are read, or sooner where the log is down: then it is tried again until it is there.
   * @throws EventLogError where the log answers and refuses
   */
  async follow(): Promise<void> {
    const { log, logger, readiness } = this;
    const { eventLog, unavailable } = log;
    if (unavailable) readiness.markWaiting(unavailable.message);
    const followed = this.followers.watch('catalogue', eventLog);
    const catalogue = this.keepFollowing({
      without: 'no catalogue yet, and the gateway is not ready',
      subscribe: async () => {
        await eventLog.ensureTopics(topicsOf(this.settings));
        return followCatalogue(followed, this.catalogue, logger);
      },
      onFailure: (error) => readiness.markWaiting((error as Error).message),
    });
    const watches = catalogue.established.then(() => {
      readiness.markCatalogueRead();
      const counted = this.followers.watch('trending', eventLog);
      return this.keepFollowing({
        without: 'no counts of watches yet',
        subscribe: () => followWatches(counted, this.trending, logger),
      }).firstFailure;
    });
    if (unavailable) return;
    const failure = await catalogue.firstFailure;
    if (isRefused(failure)) throw failure;
    if (failure === undefined) await watches;
  }

  private keepFollowing(options: Omit<Parameters<typeof followLog>[0], 'logger'>): LogFollowing {
    const following = followLog({ ...options, logger: this.logger });
    this.followings.push(following);
    return following;
  }

  /** Before the server stops to listen. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.draining.begin();
  }

  async onApplicationShutdown(): Promise<void> {
    this.lag.stop();
    await Promise.all(this.followings.map((following) => following.stop()));
    await this.following.close();
    this.experiments.close();
    this.retrieval.close();
    this.ranking.close();
    this.collector.close();
    await Promise.all([this.log.eventLog.close(), this.featureStore.close(), this.snapshotStore.close()]);
  }
}

function topicsOf(settings: GatewaySettings) {
  const { activity, catalog } = topicSpecs(settings.WATCHNEXT_ACTIVITY_PARTITIONS);
  return [activity, catalog];
}
