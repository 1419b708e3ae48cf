import pino, { type Logger as PinoLogger } from 'pino';

import { traceIds } from './tracing';

export type Logger = PinoLogger;

/** Structured logs on standard output; "pretty" is for a person at a terminal. */
export function createLogger(service: string, options: { level: string; format: 'json' | 'pretty' }): Logger {
  return pino({
    level: options.level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: traceIds,
    ...(options.format === 'pretty'
      ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } }
      : {}),
  });
}
