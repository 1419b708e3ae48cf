/** Starts a ranking service: `main` gives it the environment, specs give it settings of their own. */
import { type Logger, type RunningApp, startApp } from '@watchnext/service';
import type { RankingSettings } from './config';
import { RankingModule } from './ranking.module';

/** @param stopping aborted, the start waits for nothing more, and loads no snapshot */
export function startRanking(
  settings: RankingSettings,
  logger: Logger,
  stopping: AbortSignal = new AbortController().signal,
): Promise<RunningApp> {
  return startApp(RankingModule.with(settings, logger), logger, (app) => app.get(RankingModule).serve(stopping));
}
