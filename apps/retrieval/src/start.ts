/** Starts a retrieval service: `main` gives it the environment, specs give it settings of their own. */
import { type Logger, type RunningApp, startApp } from '@watchnext/service';
import type { RetrievalSettings } from './config';
import { RetrievalModule } from './retrieval.module';

/** @param stopping aborted, the start waits for nothing more, and loads no snapshot */
export function startRetrieval(
  settings: RetrievalSettings,
  logger: Logger,
  stopping: AbortSignal = new AbortController().signal,
): Promise<RunningApp> {
  return startApp(RetrievalModule.with(settings, logger), logger, (app) => app.get(RetrievalModule).serve(stopping));
}
