/** What ranking and retrieval do alike: gRPC that answers from snapshots, in a service that is alive before it has one. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { OnApplicationShutdown } from '@nestjs/common';
import {
  embeddedPaths,
  type EventLogSettings,
  type GrpcTlsSettings,
  type StoredFilesSettings,
} from '@watchnext/config';
import type { LogClient } from '@watchnext/event-log';
import { openSnapshotStore, type SnapshotHolder, type SnapshotStore } from '@watchnext/snapshot-store';
import { endAtOnce } from '@watchnext/threads';
import { closeInOrder } from '@watchnext/waiting';
import { watchCertificates } from './certificate-watch';
import { type ExperimentsSettings, followExperiments } from './experiments';
import { openServiceLog, type ServiceLog, untilFollowing } from './follow-log';
import { grpcServerCredentials } from './grpc-credentials';
import { GrpcServer } from './grpc-server';
import type { Logger } from './logger';
import type { MetricsRegistry } from './metrics';
import { type ProbeSettings, type ReadyState, serveProbes } from './probe-server';
import { watchProcess } from './service-metrics';
import { followSnapshots, type FollowSnapshotsOptions } from './snapshot-serving';

/** How long a start waits for the announcements of snapshots, which are a help only. */
const ANNOUNCEMENTS_WAIT_MS = 5_000;

export interface ModelServerSettings extends ProbeSettings, GrpcTlsSettings, ExperimentsSettings {
  readonly WATCHNEXT_GRPC_PORT: number;
  readonly WATCHNEXT_HELD_SNAPSHOTS: number;
  readonly WATCHNEXT_EVENT_LOOP_LOOK_MS?: number;
}

type OpenedSettings = ModelServerSettings & EventLogSettings & StoredFilesSettings & { WATCHNEXT_DATA_DIR: string };

/** Log and store are the server's to close. */
export interface ModelServerParts<Settings extends ModelServerSettings> {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
  readonly log: ServiceLog;
  readonly store: SnapshotStore;
}

export interface ServedService {
  /** As health checks ask for it. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

type Closable = { close(): Promise<void> | void };

export interface ServeOptions<T extends Closable> extends Pick<
  FollowSnapshotsOptions<T>,
  'load' | 'only' | 'onCurrent'
> {
  /** What answers from the snapshots that it holds; made before the first of them is loaded. */
  readonly serviceOf: (holder: SnapshotHolder<T>) => ServedService;
  /** Aborted, it waits for nothing more, and loads no snapshot. */
  readonly stopping: AbortSignal;
}

export class ModelServer<Settings extends ModelServerSettings = ModelServerSettings> implements OnApplicationShutdown {
  private grpc: GrpcServer | undefined;
  private port = 0;
  private isStopping = false;
  /** In the order of opening; closed in the reverse. */
  private readonly closers: (() => unknown)[] = [];

  constructor(readonly parts: ModelServerParts<Settings>) {
    const { settings, logger, metrics } = parts;
    watchProcess(metrics, settings.WATCHNEXT_EVENT_LOOP_LOOK_MS);
    watchCertificates(metrics, settings, logger);
  }

  /**
   * With the drivers that the settings name.
   * @throws as `openServiceLog`, `openSnapshotStore` and `watchCertificates`, with nothing left open
   */
  static async open<Settings extends OpenedSettings>(
    settings: Settings,
    app: LogClient,
    logger: Logger,
    metrics: MetricsRegistry,
  ): Promise<ModelServer<Settings>> {
    const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
    const log = await openServiceLog(settings, paths.eventLog, app, logger);
    const opened: Closable[] = [log.eventLog];
    try {
      const store = openSnapshotStore(settings, paths.snapshots);
      opened.push(store);
      return new ModelServer({ settings, logger, metrics, log, store });
    } catch (error) {
      await closeInOrder(opened.map((one) => () => one.close())).catch(() => undefined);
      throw error;
    }
  }

  /** For what is opened before `serve`: it is closed once no snapshot is in use any more, the last one first. */
  closeLater(close: () => unknown): void {
    this.closers.push(close);
  }

  /** For what nothing is answered without, such as threads: tells what cannot be done any more, and ends the process. */
  endSaying(what: string): (error: unknown) => never {
    return (error) => {
      this.parts.logger.fatal({ err: error }, what);
      endAtOnce(1);
    };
  }

  /**
   * Listens, loads the current snapshot if there is one, and follows.
   * @returns the port bound
   * @throws EventLogError where the log answers and refuses
   */
  async serve<T extends Closable>({ serviceOf, stopping, ...options }: ServeOptions<T>): Promise<number> {
    const { settings, logger, metrics, log, store } = this.parts;
    const experiments = await followExperiments(settings, logger);
    this.closers.push(() => experiments.close());
    const following = await followSnapshots<T>({
      ...options,
      store,
      eventLog: log.eventLog,
      logger,
      capacity: settings.WATCHNEXT_HELD_SNAPSHOTS,
      pinned: () => experiments.pinnedSnapshots(Date.now()),
      beforeLoad: (holder) => this.listen(serviceOf(holder)),
      onReady: () => this.grpc?.setServing(true),
      stopping,
      metrics,
    });
    this.closers.push(() => following.close());
    if (!log.unavailable) await untilFollowing(following.announcements, ANNOUNCEMENTS_WAIT_MS, stopping);
    return this.port;
  }

  private async listen({ name, definition, implementation }: ServedService): Promise<void> {
    const { settings, logger, metrics } = this.parts;
    const probes = await serveProbes(settings, { metrics, readyState: () => this.readyState() }, logger);
    this.closers.push(() => probes?.close());
    this.grpc = new GrpcServer(logger, name, definition, implementation, grpcServerCredentials(settings));
    this.port = await this.grpc.listen(settings.WATCHNEXT_HOST, settings.WATCHNEXT_GRPC_PORT);
  }

  private readyState(): ReadyState {
    if (this.isStopping) return 'stopping';
    return this.grpc?.isServing ? 'ready' : 'not ready';
  }

  /** Calls end first, while probes hear that it stops; then what they use: snapshots, and last their threads, log and store. */
  async onApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await closeInOrder([
      () => this.grpc?.close(),
      ...this.closers.reverse(),
      () => this.parts.log.eventLog.close(),
      () => this.parts.store.close(),
    ]);
  }
}
