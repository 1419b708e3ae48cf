/** How every service makes its Nest application. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SHUTDOWN_LIMIT_MS } from '@watchnext/config';
import type { Logger } from './logger';
import { nestLogger } from './nest-logger';

export interface RunningApp<App extends INestApplicationContext = INestApplicationContext> {
  readonly app: App;
  /** The port bound, for a requested port of 0. */
  readonly port: number;
}

export const nestOptions = (logger: Logger) => ({
  logger: nestLogger(logger),
  // Errors of construction reach the caller instead of ending the process.
  abortOnError: false,
});

/**
 * Closes an app whose start fails: the error of the start reaches the caller, whatever becomes of the close, and within `limitMs`.
 * @returns with the port that `serve` has bound
 */
export async function servingOrClosed<App extends INestApplicationContext>(
  app: App,
  logger: Logger,
  serve: () => Promise<number>,
  limitMs = SHUTDOWN_LIMIT_MS,
): Promise<RunningApp<App>> {
  try {
    return { app, port: await serve() };
  } catch (error) {
    await closeWithin(limitMs, app, logger);
    throw error;
  }
}

/** Nobody has asked for the end of it, so no signal bounds it. */
async function closeWithin(limitMs: number, app: INestApplicationContext, logger: Logger): Promise<void> {
  const closed = new AbortController();
  const late = sleep(limitMs, undefined, { signal: closed.signal }).then(() =>
    Promise.reject(new Error('took too long')),
  );
  try {
    await Promise.race([app.close(), late]);
  } catch (error) {
    logger.warn({ err: error }, 'did not start, and could not close what it had opened');
  } finally {
    closed.abort();
  }
}

/** For services without HTTP. @param serve what the module's application does to serve; its end is the end of the start */
export async function startApp(
  module: DynamicModule,
  logger: Logger,
  serve: (app: INestApplicationContext) => Promise<number>,
): Promise<RunningApp> {
  const app = await NestFactory.createApplicationContext(module, nestOptions(logger));
  return servingOrClosed(app, logger, () => serve(app));
}
