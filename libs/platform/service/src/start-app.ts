/** How every service makes its Nest application. */
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
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

/** Closes an app whose start fails: the error reaches the caller, and nothing stays open. @returns with the port that `serve` has bound */
export async function servingOrClosed<App extends INestApplicationContext>(
  app: App,
  serve: () => Promise<number>,
): Promise<RunningApp<App>> {
  try {
    return { app, port: await serve() };
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** For services without HTTP. @param serve what the module's application does to serve; its end is the end of the start */
export async function startApp(
  module: DynamicModule,
  logger: Logger,
  serve: (app: INestApplicationContext) => Promise<number>,
): Promise<RunningApp> {
  const app = await NestFactory.createApplicationContext(module, nestOptions(logger));
  return servingOrClosed(app, () => serve(app));
}
