import { Inject, Module, type DynamicModule, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { ConfigError, embeddedPaths } from '@watchnext/config';
import { MAX_BATCH_BYTES } from '@watchnext/contract';
import { openEventArchive, type EventArchive } from '@watchnext/event-archive';
import type { EventLog } from '@watchnext/event-log';
import { openFeatureStore, type FeatureStore } from '@watchnext/feature-store';
import {
  Draining,
  isLoopback,
  type Logger,
  openServiceLog,
  type ProbeServer,
  type ServiceLog,
  serveProbes,
} from '@watchnext/service';
import { Admission } from './access/admission';
import { KeyFileError } from './access/api-keys';
import { KeyRing } from './access/key-ring';
import { AnonymousHistory } from './collect/anonymous-history';
import { Catalogue } from './collect/catalogue';
import { ClockCheck } from './collect/clock-check';
import { Collector, type ItemResult } from './collect/collector';
import type { IngestionSettings } from './config';
import { EventsController } from './http/events.controller';
import { ProbesController } from './http/probes.controller';
import { Ingestion } from './ingestion';
import { LagReader } from './lag';
import { countIncompleteHistories, countResults, countUnknownVideos, Metrics } from './metrics';
import { ARCHIVE, FEATURE_STORE, KEY_RING, LOG, LOGGER, SERVICE_LOG, SETTINGS } from './tokens';

@Module({})
export class IngestionModule implements OnApplicationShutdown {
  private probes: ProbeServer | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: IngestionSettings,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(Ingestion) private readonly ingestion: Ingestion,
    @Inject(KEY_RING) private readonly keyRing: KeyRing | null,
  ) {}

  static with(settings: IngestionSettings, logger: Logger): DynamicModule {
    const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
    const providers: Provider[] = [
      { provide: SETTINGS, useValue: settings },
      { provide: LOGGER, useValue: logger },
      { provide: SERVICE_LOG, useFactory: () => openServiceLog(settings, paths.eventLog, 'ingestion', logger) },
      { provide: LOG, inject: [SERVICE_LOG], useFactory: ({ eventLog }: ServiceLog) => eventLog },
      { provide: FEATURE_STORE, useFactory: () => openFeatureStore(settings, paths.featureStore) },
      { provide: ARCHIVE, useFactory: () => openEventArchive(settings, paths.archive) },
      { provide: Catalogue, useFactory: () => new Catalogue(logger) },
      {
        provide: ClockCheck,
        inject: [FEATURE_STORE, Metrics],
        useFactory: (store: FeatureStore, metrics: Metrics) => new ClockCheck({ store, metrics, logger }),
      },
      {
        provide: Collector,
        inject: [LOG, FEATURE_STORE, Catalogue, Metrics, ClockCheck],
        useFactory: (
          log: EventLog,
          store: FeatureStore,
          catalogue: Catalogue,
          metrics: Metrics,
          clockCheck: ClockCheck,
        ) => {
          const histories = new AnonymousHistory(
            log,
            store,
            settings.WATCHNEXT_ACTIVITY_PARTITIONS,
            logger,
            (history) => countIncompleteHistories(metrics, history),
          );
          const observer = {
            onResults: (results: readonly ItemResult[]) => countResults(metrics, results),
            onUnknownVideos: (eventCount: number) => countUnknownVideos(metrics, eventCount),
          };
          return new Collector(log, catalogue, histories, Date.now, observer, clockCheck);
        },
      },
      { provide: KEY_RING, useFactory: () => openKeyRing(settings, logger) ?? null },
      {
        provide: Admission,
        inject: [KEY_RING],
        useFactory: (keyRing: KeyRing | null) =>
          new Admission(
            keyRing ?? undefined,
            {
              maxInFlightBytes: settings.WATCHNEXT_COLLECTOR_IN_FLIGHT_MB * 2 ** 20,
              maxBodyBytes: MAX_BATCH_BYTES,
            },
            logger,
          ),
      },
      {
        provide: LagReader,
        inject: [LOG, FEATURE_STORE, ARCHIVE],
        useFactory: (log: EventLog, store: FeatureStore, archive: EventArchive) => new LagReader(log, store, archive),
      },
      { provide: Draining, useFactory: () => new Draining() },
      Metrics,
      Ingestion,
    ];
    const collects = settings.WATCHNEXT_INGESTION_ROLES.includes('collect');
    return {
      module: IngestionModule,
      providers,
      controllers: [ProbesController, ...(collects ? [EventsController] : [])],
    };
  }

  /** Answers probes and Prometheus on their own port, where the settings name one. */
  async serveProbes(): Promise<void> {
    const { metrics, ingestion } = this;
    const probed = { metrics, readyState: () => ingestion.readyState(), dead: () => ingestion.dead() };
    this.probes = await serveProbes(this.settings, probed, this.logger);
  }

  async onApplicationShutdown(): Promise<void> {
    this.keyRing?.close();
    await this.probes?.close();
  }
}

/** @throws ConfigError: a collector that cannot read the keys it should ask for does not start */
function openKeyRing(settings: IngestionSettings, logger: Logger): KeyRing | undefined {
  if (!settings.WATCHNEXT_INGESTION_ROLES.includes('collect')) return undefined;
  const { WATCHNEXT_API_KEYS_FILE: file, WATCHNEXT_HOST: host } = settings;
  if (file === undefined) {
    if (!isLoopback(host)) {
      logger.warn({ host }, 'the collector takes events from anyone who can reach it: set WATCHNEXT_API_KEYS_FILE');
    }
    return undefined;
  }
  try {
    return new KeyRing(file, logger);
  } catch (error) {
    const reason =
      error instanceof KeyFileError ? error.message : `cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw new ConfigError([`WATCHNEXT_API_KEYS_FILE: ${reason}`]);
  }
}
