/** Starts a gateway: `main` gives it the environment, specs give it parts of their own. */
import { resolve } from 'node:path';
import { type Logger, type RunningHttpService, startHttpService, watchCertificates } from '@watchnext/service';
import type { GatewaySettings } from './config';
import { GatewayModule } from './gateway.module';
import { BODY_LIMIT_BYTES, takeBodies } from './http/bodies';
import { CONSOLE_ROUTES, guardConsole } from './http/console-guard';
import { limitConsoleReads } from './http/console-reads';
import { refuseUntilReady } from './http/not-ready';
import { serveOpenApi } from './http/openapi';
import { keepAnswersPrivate } from './http/private-answers';
import { serveFiles } from './http/static-files';
import { Metrics } from './metrics';
import type { GatewayParts } from './providers';
import { Readiness } from './readiness';

/** Beside `src` and `dist` alike. */
const PUBLIC_DIRECTORY = resolve(__dirname, '..', 'public');

/** @param stopping where it is aborted the start ends at once: what listens by then is to be closed */
export function startGateway(
  settings: GatewaySettings,
  logger: Logger,
  stopping: AbortSignal = new AbortController().signal,
  parts: GatewayParts = {},
): Promise<RunningHttpService> {
  return startHttpService(GatewayModule.with(settings, logger, parts), {
    settings,
    logger,
    stopping,
    metrics: Metrics,
    requestTimeoutMs: settings.WATCHNEXT_GATEWAY_REQUEST_TIMEOUT_MS,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    prepare: async (app, fastify) => {
      const metrics = app.get(Metrics);
      keepAnswersPrivate(fastify);
      watchCertificates(metrics, settings, logger);
      takeBodies(fastify, settings.WATCHNEXT_GATEWAY_IN_FLIGHT_MB * 2 ** 20, metrics, logger);
      const consoleFiles = new Set<string>();
      guardConsole(fastify, settings, consoleFiles);
      limitConsoleReads(fastify, CONSOLE_ROUTES);
      refuseUntilReady(fastify, app.get(Readiness));
      for (const path of await serveFiles(fastify, PUBLIC_DIRECTORY)) consoleFiles.add(path);
      serveOpenApi(app, fastify);
    },
    begin: (app) => app.get(GatewayModule).follow(),
  });
}
