/** How a service comes to answer HTTP: limits, certificates, ids, counts, spans, errors and the end of it, alike in all. */
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { GrpcTlsSettings } from '@watchnext/config';
import { aborted } from '@watchnext/waiting';
import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { answerFrameworkError, ApiErrorFilter } from './api-error';
import { Draining } from './draining';
import { httpsServerOptions, logRefusedCallers, renewCertificates } from './https-options';
import type { Logger } from './logger';
import type { MetricsRegistry } from './metrics';
import { identifyRequests } from './request-id';
import { countHttpRequests } from './service-metrics';
import { nestOptions, type RunningApp, servingOrClosed } from './start-app';
import { traceHttpRequests } from './trace-http';

/** Beyond what Node takes in a header, so that an id that is too long gets our own answer. */
const MAX_PATH_PART_CHARACTERS = 16_384;

export type RunningHttpService = RunningApp<NestFastifyApplication>;

export interface HttpServiceOptions {
  readonly settings: { readonly WATCHNEXT_HOST: string; readonly WATCHNEXT_HTTP_PORT: number };
  readonly logger: Logger;
  /** Aborted, the start ends at once: what listens by then is to be closed. */
  readonly stopping: AbortSignal;
  /** Under what the module provides its metrics. It provides `Draining` as well, which Nest begins before the shutdown. */
  readonly metrics: Type<MetricsRegistry>;
  /** A request that is not here as a whole by then is ended. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Default 1 MiB. */
  readonly bodyLimitBytes?: number;
  /** Where these name certificates it speaks TLS, to callers that have one as well; default: always in the clear. */
  readonly tls?: GrpcTlsSettings;
  /** Adds what the service has of its own to the server, before it listens. */
  readonly prepare?: (app: NestFastifyApplication, fastify: FastifyInstance) => Promise<void> | void;
  /**
   * What the service begins once it listens: alive before it is ready, as that may take long, and the log be down. Waited for until the
   * service is to stop: what is to be closed then has to be known at once.
   */
  readonly begin?: (app: NestFastifyApplication) => Promise<void>;
}

/**
 * @throws what making the module throws, whose providers that had opened something by then are left to the end of the process; what
 *   `prepare`, listening or `begin` throws, with all closed
 */
export async function startHttpService(
  module: DynamicModule,
  options: HttpServiceOptions,
): Promise<RunningHttpService> {
  const { settings, logger, stopping, prepare, begin } = options;
  const https = options.tls && httpsServerOptions(options.tls);
  const adapter = adapterOf(options, https);
  // Bodies are read by Fastify's own parsers, or those that `prepare` puts in their place.
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    ...nestOptions(logger),
    bodyParser: false,
  });
  return servingOrClosed(app, logger, async () => {
    const fastify = adapter.getInstance() as unknown as FastifyInstance;
    identifyRequests(fastify);
    app.get(Draining).watch(fastify);
    countHttpRequests(fastify, app.get(options.metrics));
    traceHttpRequests(fastify);
    app.useGlobalFilters(new ApiErrorFilter(logger));
    await prepare?.(app, fastify);
    if (options.tls && https) {
      logRefusedCallers(app.getHttpServer(), logger);
      renewCertificates(app.getHttpServer(), options.tls);
    }
    await app.listen(settings.WATCHNEXT_HTTP_PORT, settings.WATCHNEXT_HOST);
    const { port } = app.getHttpServer().address() as AddressInfo;
    logger.info({ host: settings.WATCHNEXT_HOST, port, tls: https !== undefined }, 'HTTP listening');
    // Begun when it is to stop already, it would go on beside the close, which may be done before it.
    if (!stopping.aborted) await Promise.race([begin?.(app), aborted(stopping)]);
    return port;
  });
}

function adapterOf(
  { requestTimeoutMs = 30_000, bodyLimitBytes = 2 ** 20 }: HttpServiceOptions,
  https: ReturnType<typeof httpsServerOptions>,
): FastifyAdapter {
  const limits = {
    // How late that is noticed: Node looks every 30 s by itself.
    connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
    headersTimeout: requestTimeoutMs,
  };
  return new FastifyAdapter({
    requestTimeout: requestTimeoutMs,
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength: MAX_PATH_PART_CHARACTERS },
    frameworkErrors: answerFrameworkError,
    // What still comes on a connection is answered, `Draining` has ended those in use.
    return503OnClosing: false,
    ...(https ? { https: { ...https, ...limits, handshakeTimeout: requestTimeoutMs } } : { http: limits }),
  });
}
