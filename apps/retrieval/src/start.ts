/** Starts a retrieval service: `main` gives it the environment, specs give it settings of their own. */
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Logger, nestLogger } from '@watchnext/service';
import type { RetrievalSettings } from './config';
import { RetrievalModule } from './retrieval.module';

/** @param stopping aborted, the start waits for nothing more, and loads no snapshot */
export async function startRetrieval(
  settings: RetrievalSettings,
  logger: Logger,
  stopping: AbortSignal = new AbortController().signal,
): Promise<{ app: INestApplicationContext; port: number }> {
  const app = await NestFactory.createApplicationContext(RetrievalModule.with(settings, logger), {
    bufferLogs: true,
    // Errors of construction reach the caller instead of ending the process.
    abortOnError: false,
  });
  app.useLogger(nestLogger(logger));
  try {
    return { app, port: await app.get(RetrievalModule).serve(stopping) };
  } catch (error) {
    await app.close();
    throw error;
  }
}
