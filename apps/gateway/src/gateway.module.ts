import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { topicSpecs } from '@watchnext/contract';
import type { FeatureStore } from '@watchnext/feature-store';
import {
  type ExperimentsFollowing,
  followLog,
  isRefused,
  LogFollowers,
  type Logger,
  type LogFollowing,
  type ServiceLog,
  type SnapshotFollowing,
} from '@watchnext/service';
import { closeInOrder } from '@watchnext/waiting';
import type { SnapshotStore } from '@watchnext/snapshot-store';
import type { CollectorClient } from './clients/collector';
import type { Ranking, Retrieval } from './clients/model-clients';
import type { GatewaySettings } from './config';
import { EventsController } from './http/events.controller';
import { HealthController } from './http/health.controller';
import { RecommendationsController } from './http/recommendations.controller';
import { SnapshotController } from './http/snapshot.controller';
import { UsersController } from './http/users.controller';
import { VideosController } from './http/videos.controller';
import { type GatewayParts, providersOf } from './providers';
import { Readiness } from './readiness';
import { LoopLag } from './resilience/loop-lag';
import { Catalogue } from './sources/catalogue';
import { followCatalogue, followWatches } from './sources/feeds';
import { TrendingVideos } from './sources/trending';
import * as tokens from './tokens';

@Module({})
export class GatewayModule implements OnApplicationShutdown {
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
    @Inject(LogFollowers) private readonly followers: LogFollowers,
    @Inject(tokens.LOGGER) private readonly logger: Logger,
  ) {}

  static with(settings: GatewaySettings, logger: Logger, parts: GatewayParts): DynamicModule {
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
      providers: providersOf(settings, logger, parts),
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
    if (unavailable) readiness.markWaiting(unavailable);
    const followed = this.followers.watch('catalogue', eventLog);
    const catalogue = this.keepFollowing({
      without: 'no catalogue yet, and the gateway is not ready',
      subscribe: async () => {
        await eventLog.ensureTopics(topicsOf(this.settings));
        return followCatalogue(followed, this.catalogue, logger);
      },
      onFailure: (error) => readiness.markWaiting(error),
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

  async onApplicationShutdown(): Promise<void> {
    this.lag.stop();
    await closeInOrder([
      () => Promise.all(this.followings.map((following) => following.stop())),
      () => this.following.close(),
      () => this.experiments.close(),
      () => this.retrieval.close(),
      () => this.ranking.close(),
      () => this.collector.close(),
      () => this.log.eventLog.close(),
      () => this.featureStore.close(),
      () => this.snapshotStore.close(),
    ]);
  }
}

function topicsOf(settings: GatewaySettings) {
  const { activity, catalog } = topicSpecs(settings.WATCHNEXT_ACTIVITY_PARTITIONS);
  return [activity, catalog];
}
