import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { embeddedPaths } from '@watchnext/config';
import { openEventArchive, type EventArchive } from '@watchnext/event-archive';
import { openEventLog, type EventLog } from '@watchnext/event-log';
import { openFeatureStore, type FeatureStore } from '@watchnext/feature-store';
import type { Logger } from '@watchnext/service';
import { AnonymousHistory } from './collect/anonymous-history';
import { Catalogue } from './collect/catalogue';
import { Collector } from './collect/collector';
import type { IngestionSettings } from './config';
import { EventsController } from './http/events.controller';
import { ProbesController } from './http/probes.controller';
import { Ingestion } from './ingestion';
import { LagReader } from './lag';
import { ARCHIVE, FEATURE_STORE, LOG, LOGGER, SETTINGS } from './tokens';

@Module({})
export class IngestionModule {
  static with(settings: IngestionSettings, logger: Logger): DynamicModule {
    const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
    const providers: Provider[] = [
      { provide: SETTINGS, useValue: settings },
      { provide: LOGGER, useValue: logger },
      { provide: LOG, useFactory: () => openEventLog(settings, paths.eventLog) },
      { provide: FEATURE_STORE, useFactory: () => openFeatureStore(settings, paths.featureStore) },
      { provide: ARCHIVE, useFactory: () => openEventArchive(settings, paths.archive) },
      { provide: Catalogue, useFactory: () => new Catalogue(logger) },
      {
        provide: Collector,
        inject: [LOG, FEATURE_STORE, Catalogue],
        useFactory: (log: EventLog, store: FeatureStore, catalogue: Catalogue) => {
          const histories = new AnonymousHistory(log, store, settings.WATCHNEXT_ACTIVITY_PARTITIONS, logger);
          return new Collector(log, catalogue, histories);
        },
      },
      {
        provide: LagReader,
        inject: [LOG, FEATURE_STORE, ARCHIVE],
        useFactory: (log: EventLog, store: FeatureStore, archive: EventArchive) => new LagReader(log, store, archive),
      },
      Ingestion,
    ];
    const collects = settings.WATCHNEXT_INGESTION_ROLES.includes('collect');
    return {
      module: IngestionModule,
      providers,
      controllers: [ProbesController, ...(collects ? [EventsController] : [])],
    };
  }
}
