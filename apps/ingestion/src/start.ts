import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  aborted,
  answerFrameworkError,
  ApiErrorFilter,
  countHttpRequests,
  createLogger,
  Draining,
  httpsServerOptions,
  identifyRequests,
  type Logger,
  logRefusedCallers,
  nestLogger,
  renewCertificates,
  traceHttpRequests,
  watchCertificates,
} from '@watchnext/service';
import { Admission } from './access/admission';
import type { IngestionSettings } from './config';
import { MAX_BODY_BYTES, registerBodyParsers } from './http/body-parsers';
import { refuseUntilCollecting } from './http/not-ready';
import { describeApi } from './http/openapi';
import { Ingestion } from './ingestion';
import { IngestionModule } from './ingestion.module';
import { Metrics } from './metrics';

export interface RunningIngestion {
  readonly app: NestFastifyApplication;
  readonly logger: Logger;
  /** The port bound, for a requested port of 0. */
  readonly port: number;
}

/**
 * Starts the roles that the settings name; resolves when they are at work, or sooner where the event log is down.
 * @param stopping where it is aborted the start ends at once: what listens by then is to be closed
 */
export async function startIngestion(
  settings: IngestionSettings,
  stopping: AbortSignal = new AbortController().signal,
): Promise<RunningIngestion> {
  const logger = createLogger('ingestion', {
    level: settings.WATCHNEXT_LOG_LEVEL,
    format: settings.WATCHNEXT_LOG_FORMAT,
  });
  const requestTimeout = settings.WATCHNEXT_COLLECTOR_REQUEST_TIMEOUT_MS;
  const limits = {
    // How late that is noticed: Node looks every 30 s by itself.
    connectionsCheckingInterval: Math.min(1_000, requestTimeout),
    headersTimeout: requestTimeout,
  };
  const tls = httpsServerOptions(settings);
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    frameworkErrors: answerFrameworkError,
    requestTimeout,
    // What still comes on a connection is answered, `Draining` has ended those in use.
    return503OnClosing: false,
    ...(tls ? { https: { ...tls, ...limits, handshakeTimeout: requestTimeout } } : { http: limits }),
  });
  const app = await NestFactory.create<NestFastifyApplication>(IngestionModule.with(settings, logger), adapter, {
    logger: nestLogger(logger, { onlyTroubles: true }),
    bodyParser: false,
    abortOnError: false,
  });
  identifyRequests(adapter.getInstance());
  app.get(Draining).watch(adapter.getInstance());
  countHttpRequests(adapter.getInstance(), app.get(Metrics));
  watchCertificates(app.get(Metrics), settings, logger);
  traceHttpRequests(adapter.getInstance());
  refuseUntilCollecting(adapter.getInstance(), app.get(Ingestion));
  app.get(Admission).guard(adapter.getInstance(), '/v1/events');
  app.get(Admission).guardReads(adapter.getInstance(), '/v1/lag');
  registerBodyParsers(adapter.getInstance());
  app.useGlobalFilters(new ApiErrorFilter(logger));
  const document = describeApi(app);
  adapter.getInstance().get('/openapi.json', () => document);
  if (tls) {
    logRefusedCallers(app.getHttpServer(), logger);
    renewCertificates(app.getHttpServer(), settings);
  }
  // Alive before it is ready: the log may be down, and producers are to be told so.
  await app.listen(settings.WATCHNEXT_HTTP_PORT, settings.WATCHNEXT_HOST);
  const { port } = app.getHttpServer().address() as { port: number };
  logger.info({ host: settings.WATCHNEXT_HOST, port, tls: tls !== undefined }, 'HTTP listening');
  try {
    await app.get(IngestionModule).serveProbes();
    await Promise.race([app.get(Ingestion).begin(), aborted(stopping)]);
  } catch (error) {
    await app.close();
    throw error;
  }
  return { app, logger, port };
}
