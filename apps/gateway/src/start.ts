/** Starts a gateway: `main` gives it the environment, specs give it parts of their own. */
import { resolve } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { GatewayModule } from './gateway.module';
import {
  aborted,
  answerFrameworkError,
  countHttpRequests,
  Draining,
  identifyRequests,
  nestLogger,
  traceHttpRequests,
  watchCertificates,
} from '@watchnext/service';
import { Metrics } from './metrics';
import type { GatewayParts } from './providers';
import { BODY_LIMIT_BYTES, takeBodies } from './http/bodies';
import { refuseUntilReady } from './http/not-ready';
import { CONSOLE_ROUTES, guardConsole } from './http/console-guard';
import { keepAnswersPrivate } from './http/private-answers';
import { limitConsoleReads } from './http/console-reads';
import { serveOpenApi } from './http/openapi';
import { serveFiles } from './http/static-files';
import { Readiness } from './readiness';

/** Beyond what Node takes in a header, so that an id that is too long gets our own answer. */
const MAX_PATH_PART_CHARACTERS = 16_384;
/** Beside `src` and `dist` alike. */
const PUBLIC_DIRECTORY = resolve(__dirname, '..', 'public');

export interface RunningGateway {
  readonly app: NestFastifyApplication;
  readonly port: number;
}

/** @param stopping where it is aborted the start ends at once: what listens by then is to be closed */
export async function startGateway(
  parts: GatewayParts,
  stopping: AbortSignal = new AbortController().signal,
): Promise<RunningGateway> {
  const { settings, logger } = parts;
  const requestTimeout = settings.WATCHNEXT_GATEWAY_REQUEST_TIMEOUT_MS;
  const adapter = new FastifyAdapter({
    requestTimeout,
    // How late that is noticed: Node looks every 30 s by itself.
    http: { connectionsCheckingInterval: Math.min(1_000, requestTimeout), headersTimeout: requestTimeout },
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: MAX_PATH_PART_CHARACTERS },
    frameworkErrors: answerFrameworkError,
    // What still comes on a connection is answered, `Draining` has ended those in use.
    return503OnClosing: false,
    // Connections that are kept open without a request in flight must not hold up the stop.
    forceCloseConnections: 'idle',
  });
  const app = await NestFactory.create<NestFastifyApplication>(GatewayModule.with(parts), adapter, {
    bodyParser: false,
    // Errors of construction reach the caller instead of ending the process.
    abortOnError: false,
    bufferLogs: true,
  });
  app.useLogger(nestLogger(logger));
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  identifyRequests(fastify);
  keepAnswersPrivate(fastify);
  app.get(Draining).watch(fastify);
  countHttpRequests(fastify, app.get(Metrics));
  watchCertificates(app.get(Metrics), settings, logger);
  traceHttpRequests(fastify);
  takeBodies(fastify, settings.WATCHNEXT_GATEWAY_IN_FLIGHT_MB * 2 ** 20, app.get(Metrics), logger);
  const consoleFiles = new Set<string>();
  guardConsole(fastify, settings, consoleFiles);
  limitConsoleReads(fastify, CONSOLE_ROUTES);
  refuseUntilReady(fastify, app.get(Readiness));
  for (const path of await serveFiles(fastify, PUBLIC_DIRECTORY)) consoleFiles.add(path);
  serveOpenApi(app, fastify);
  await app.init();
  // Alive before it is ready: the catalogue may be long, and the log that tells it down.
  await app.listen(settings.WATCHNEXT_HTTP_PORT, settings.WATCHNEXT_HOST);
  const { port } = new URL(await app.getUrl());
  logger.info({ host: settings.WATCHNEXT_HOST, port: Number(port) }, 'HTTP listening');
  try {
    await Promise.race([app.get(GatewayModule).follow(), aborted(stopping)]);
  } catch (error) {
    await app.close();
    throw error;
  }
  return { app, port: Number(port) };
}
