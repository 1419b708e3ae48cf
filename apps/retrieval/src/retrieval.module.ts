import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { RetrievalServiceService } from '@watchnext/contract';
import { type EventLog, openEventLog } from '@watchnext/event-log';
import {
  type ExperimentsFollowing,
  followExperiments,
  followSnapshots,
  GrpcServer,
  type Logger,
  type SnapshotFollowing,
  unaryHandler,
} from '@watchnext/service';
import { openSnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';
import { SearchThreads } from '@watchnext/vector-search';
import { LoggerModule } from 'nestjs-pino';
import { retrievalPaths, type RetrievalSettings } from './config';
import { loadRetrievalSnapshot, type RetrievalSnapshot } from './retrieval-snapshot';
import { RetrievalService } from './retrieval.service';

const SERVICE_NAME = 'watchnext.retrieval.v1.RetrievalService';
const SETTINGS = Symbol('settings');
const LOGGER = Symbol('logger');
const EVENT_LOG = Symbol('event log');
const SNAPSHOT_STORE = Symbol('snapshot store');

@Module({})
export class RetrievalModule implements OnApplicationShutdown {
  private server: GrpcServer | undefined;
  private experiments: ExperimentsFollowing | undefined;
  private following: SnapshotFollowing<RetrievalSnapshot> | undefined;
  private threads: SearchThreads | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: RetrievalSettings,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(EVENT_LOG) private readonly eventLog: EventLog,
    @Inject(SNAPSHOT_STORE) private readonly snapshotStore: SnapshotStore,
  ) {}

  static with(settings: RetrievalSettings, logger: Logger): DynamicModule {
    const paths = retrievalPaths(settings);
    return {
      module: RetrievalModule,
      imports: [LoggerModule.forRoot({ pinoHttp: { logger } })],
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: LOGGER, useValue: logger },
        { provide: EVENT_LOG, useFactory: () => openEventLog(settings, paths.eventLog) },
        { provide: SNAPSHOT_STORE, useFactory: () => openSnapshotStore(settings, paths.snapshots) },
      ],
    };
  }

  /** Loads the current snapshot if there is one, follows, and listens. @returns the port bound */
  async serve(): Promise<number> {
    let server: GrpcServer | undefined;
    const threads = (this.threads = new SearchThreads({
      threadCount: this.settings.WATCHNEXT_SEARCH_THREADS,
      queueLimit: this.settings.WATCHNEXT_SEARCH_QUEUE,
      onLost: (error) => {
        this.logger.fatal({ err: error }, 'cannot search any more');
        process.exit(1);
      },
    }));
    const experiments = (this.experiments = await followExperiments(this.settings, this.logger));
    const { holder } = (this.following = await followSnapshots({
      store: this.snapshotStore,
      eventLog: this.eventLog,
      logger: this.logger,
      load: (local) => loadRetrievalSnapshot(local, threads),
      capacity: this.settings.WATCHNEXT_HELD_SNAPSHOTS,
      pinned: () => experiments.pinnedSnapshots(Date.now()),
      onCurrent: () => server?.setServing(true),
    }));
    const service = new RetrievalService(holder);
    this.server = server = new GrpcServer(this.logger, SERVICE_NAME, RetrievalServiceService, {
      retrieve: unaryHandler(this.logger, 'Retrieve', (request) => service.retrieve(request)),
    });
    server.setServing(holder.currentId() !== undefined);
    return server.listen(this.settings.WATCHNEXT_HOST, this.settings.WATCHNEXT_GRPC_PORT);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.server?.close();
    await this.following?.close();
    await this.threads?.close();
    this.experiments?.close();
    await Promise.all([this.eventLog.close(), this.snapshotStore.close()]);
  }
}
