/** Starts ingestion: `main` gives it the environment, specs give it settings of their own. */
import { MAX_BATCH_BYTES } from '@watchnext/contract';
import { type Logger, type RunningHttpService, startHttpService, watchCertificates } from '@watchnext/service';
import { Admission } from './access/admission';
import type { IngestionSettings } from './config';
import { registerBodyParsers } from './http/body-parsers';
import { refuseUntilCollecting } from './http/not-ready';
import { describeApi } from './http/openapi';
import { Ingestion } from './ingestion';
import { IngestionModule } from './ingestion.module';
import { Metrics } from './metrics';

/**
 * Starts the roles that the settings name; resolves when they are at work, or sooner where the event log is down.
 * @param stopping where it is aborted the start ends at once: what listens by then is to be closed
 */
export function startIngestion(
  settings: IngestionSettings,
  logger: Logger,
  stopping: AbortSignal = new AbortController().signal,
): Promise<RunningHttpService> {
  return startHttpService(IngestionModule.with(settings, logger), {
    settings,
    logger,
    stopping,
    metrics: Metrics,
    requestTimeoutMs: settings.WATCHNEXT_COLLECTOR_REQUEST_TIMEOUT_MS,
    bodyLimitBytes: MAX_BATCH_BYTES,
    tls: settings,
    prepare: async (app, fastify) => {
      watchCertificates(app.get(Metrics), settings, logger);
      refuseUntilCollecting(fastify, app.get(Ingestion));
      if (settings.WATCHNEXT_INGESTION_ROLES.includes('collect'))
        app.get(Admission).guardNames(fastify, settings.WATCHNEXT_HOST);
      app.get(Admission).guard(fastify, '/v1/events');
      app.get(Admission).guardReads(fastify, '/v1/lag');
      registerBodyParsers(fastify);
      const document = describeApi(app);
      fastify.get('/openapi.json', () => document);
      await app.get(IngestionModule).serveProbes();
    },
    begin: (app) => app.get(Ingestion).begin(),
  });
}
