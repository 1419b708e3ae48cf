import 'reflect-metadata';
import { loadConfig } from '@watchnext/config';
import { createLogger, keepRequestsYoung, runService, startTracing } from '@watchnext/service';
import { rankingSettings } from './config';
import { startRanking } from './start';

keepRequestsYoung();
void runService(async (stopping) => {
  const settings = loadConfig(rankingSettings);
  const logger = createLogger('ranking', {
    level: settings.WATCHNEXT_LOG_LEVEL,
    format: settings.WATCHNEXT_LOG_FORMAT,
  });
  const afterwards = await startTracing('ranking', settings);
  const { app } = await startRanking(settings, logger, stopping);
  return { app, logger, afterwards };
});
