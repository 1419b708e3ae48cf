import 'reflect-metadata';
import { loadConfig } from '@watchnext/config';
import { createLogger, keepRequestsYoung, runService, startTracing } from '@watchnext/service';
import { retrievalSettings } from './config';
import { startRetrieval } from './start';

keepRequestsYoung();
void runService(async (stopping) => {
  const settings = loadConfig(retrievalSettings);
  const logger = createLogger('retrieval', {
    level: settings.WATCHNEXT_LOG_LEVEL,
    format: settings.WATCHNEXT_LOG_FORMAT,
  });
  const afterwards = await startTracing('retrieval', settings);
  const { app } = await startRetrieval(settings, logger, stopping);
  return { app, logger, afterwards };
});
