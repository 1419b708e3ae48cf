import 'reflect-metadata';
import { loadConfig } from '@watchnext/config';
import { createLogger, keepRequestsYoung, runService, startTracing } from '@watchnext/service';
import { gatewaySettings } from './config';
import { startGateway } from './start';

keepRequestsYoung();
void runService(async (stopping) => {
  const settings = loadConfig(gatewaySettings);
  const logger = createLogger('gateway', {
    level: settings.WATCHNEXT_LOG_LEVEL,
    format: settings.WATCHNEXT_LOG_FORMAT,
  });
  const afterwards = await startTracing('gateway', settings);
  const { app } = await startGateway({ settings, logger }, stopping);
  return { app, logger, afterwards };
});
