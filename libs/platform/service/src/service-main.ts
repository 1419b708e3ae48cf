import { loadConfig } from '@watchnext/config';
import type { z } from 'zod';
import { createLogger, type Logger } from './logger';
import { type RunningService, runService } from './run-service';
import { startTracing, type TracingSettings } from './tracing';

interface MainSettings extends TracingSettings {
  readonly WATCHNEXT_LOG_LEVEL: string;
  readonly WATCHNEXT_LOG_FORMAT: 'json' | 'pretty';
}

/**
 * The program of a service: reads its settings, makes its log, begins its traces and starts it; runs on as `runService` has it.
 * @param name in its log lines, and behind `watchnext-` in its traces
 * @param start given a signal that is aborted when the service is to stop: one that serves already need not wait for the rest
 */
export function serviceMain<Settings extends MainSettings>(
  name: string,
  schema: z.ZodType<Settings>,
  start: (settings: Settings, logger: Logger, stopping: AbortSignal) => Promise<Pick<RunningService, 'app'>>,
): void {
  void runService(async (stopping) => {
    const settings = loadConfig(schema);
    const { WATCHNEXT_LOG_LEVEL: level, WATCHNEXT_LOG_FORMAT: format } = settings;
    const logger = createLogger(name, { level, format });
    const afterwards = await startTracing(name, settings);
    const { app } = await start(settings, logger, stopping);
    return { app, logger, afterwards };
  });
}
