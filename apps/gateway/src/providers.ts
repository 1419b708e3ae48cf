/** What the gateway is made of, for Nest to put together. */
import type { Provider } from '@nestjs/common';
import { embeddedPaths } from '@watchnext/config';
import type { EventLog } from '@watchnext/event-log';
import { type FeatureStore, openFeatureStore } from '@watchnext/feature-store';
import {
  Draining,
  type ExperimentsFollowing,
  followExperiments,
  followSnapshots,
  grpcClientSecurity,
  LogFollowers,
  type Logger,
  openServiceLog,
  type ServiceLog,
} from '@watchnext/service';
import { openSnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';
import { v7 as timeOrderedId } from 'uuid';
import { connectCollector } from './clients/collector';
import { connectRanking, connectRetrieval, type Ranking, type Retrieval } from './clients/model-clients';
import { UserStates } from './clients/user-states';
import type { GatewaySettings } from './config';
import { Door } from './http/door';
import { Metrics, METRICS } from './metrics';
import { limitOptions, recommendOptions } from './options';
import { Readiness } from './readiness';
import { Recommender } from './recommend';
import { AdaptiveLimit } from './resilience/adaptive-limit';
import { type Calls, createCalls } from './resilience/calls';
import { LoopLag } from './resilience/loop-lag';
import { Catalogue } from './sources/catalogue';
import { isPopularFile, PopularSnapshots } from './sources/popular-snapshot';
import { TrendingVideos } from './sources/trending';
import * as tokens from './tokens';

/** Popular lists are small: as many as the model services hold between them. */
const HELD_SNAPSHOTS = 5;

/** What specs give it in place of its own. */
export interface GatewayParts {
  readonly clock?: tokens.Clock;
  /** Default: UUIDs that are ordered by time. */
  readonly newRequestId?: tokens.RequestIds;
  /** Default: the drivers that the settings name. Specs give others, such as a log that is down. */
  readonly eventLog?: EventLog;
  readonly featureStore?: FeatureStore;
}

export function providersOf(settings: GatewaySettings, logger: Logger, parts: GatewayParts): Provider[] {
  const newRequestId = (msecs: number) => timeOrderedId({ msecs });
  const whole = { settings, logger, clock: Date.now, newRequestId, ...parts };
  return [...given(whole), ...stores(whole), ...snapshots(whole), ...clients(whole), ...door(whole), ...lists(whole)];
}

type WholeParts = GatewayParts &
  Required<Pick<GatewayParts, 'clock' | 'newRequestId'>> & {
    readonly settings: GatewaySettings;
    readonly logger: Logger;
  };

const given = ({ settings, logger, clock, newRequestId }: WholeParts): Provider[] => [
  { provide: tokens.SETTINGS, useValue: settings },
  { provide: tokens.LOGGER, useValue: logger },
  { provide: tokens.CLOCK, useValue: clock },
  { provide: tokens.REQUEST_IDS, useValue: newRequestId },
  Metrics,
];

function stores({ settings, logger, eventLog, featureStore }: WholeParts): Provider[] {
  const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
  return [
    {
      provide: tokens.SERVICE_LOG,
      useFactory: () =>
        eventLog ? { eventLog, unavailable: undefined } : openServiceLog(settings, paths.eventLog, 'gateway', logger),
    },
    {
      provide: tokens.EVENT_LOG,
      useFactory: (log: ServiceLog) => log.eventLog,
      inject: [tokens.SERVICE_LOG],
    },
    { provide: LogFollowers, useFactory: (metrics: Metrics) => new LogFollowers(metrics), inject: [Metrics] },
    {
      provide: tokens.FEATURE_STORE,
      useFactory: () => featureStore ?? openFeatureStore(settings, paths.featureStore),
    },
    {
      provide: UserStates,
      useFactory: (store: FeatureStore, calls: Calls) =>
        new UserStates(store, calls.featureStore, settings.WATCHNEXT_ACTIVITY_PARTITIONS),
      inject: [tokens.FEATURE_STORE, tokens.CALLS],
    },
    { provide: tokens.SNAPSHOT_STORE, useFactory: () => openSnapshotStore(settings, paths.snapshots) },
  ];
}

/** The current snapshot's popular lists, and which snapshots an experiment asks for. */
const snapshots = ({ settings, logger, clock }: WholeParts): Provider[] => [
  PopularSnapshots,
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
      eventLog: EventLog,
      popular: PopularSnapshots,
      experiments: ExperimentsFollowing,
      metrics: Metrics,
    ) =>
      followSnapshots({
        metrics,
        store,
        eventLog,
        logger,
        only: isPopularFile,
        load: popular.load,
        capacity: HELD_SNAPSHOTS,
        pinned: () => experiments.pinnedSnapshots(clock()),
        onCurrent: (snapshotId) => popular.setCurrent(snapshotId),
      }),
    inject: [tokens.SNAPSHOT_STORE, tokens.EVENT_LOG, PopularSnapshots, tokens.EXPERIMENTS, Metrics],
  },
];

const clients = ({ settings }: WholeParts): Provider[] => [
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
];

/** Who is let in, and until when. */
const door = ({ settings }: WholeParts): Provider[] => [
  { provide: LoopLag, useFactory: () => new LoopLag().start() },
  {
    provide: Door,
    useFactory: (metrics: Metrics, lag: LoopLag) => new Door(new AdaptiveLimit(limitOptions(settings)), metrics, lag),
    inject: [Metrics, LoopLag],
  },
  { provide: Draining, useFactory: () => new Draining() },
  {
    provide: Readiness,
    useFactory: (catalogue: Catalogue, popular: PopularSnapshots, draining: Draining) =>
      new Readiness(catalogue, popular, draining),
    inject: [Catalogue, PopularSnapshots, Draining],
  },
];

const lists = ({ settings, logger, clock }: WholeParts): Provider[] => [
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
  {
    provide: Recommender,
    useFactory: (
      states: UserStates,
      retrieval: Retrieval,
      ranking: Ranking,
      eventLog: EventLog,
      catalogue: Catalogue,
      trending: TrendingVideos,
      popular: PopularSnapshots,
      metrics: Metrics,
      experiments: ExperimentsFollowing,
      calls: Calls,
    ) =>
      new Recommender(
        {
          states,
          retrieval,
          ranking,
          eventLog,
          calls,
          memory: { catalogue, trending, snapshots: popular },
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
];
