import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger';

type Level = 'trace' | 'debug' | 'warn' | 'error' | 'fatal';

/**
 * What Nest itself has to say, in our logs. Without the usual module for it: that keeps a storage for each request which follows
 * every promise of the process, and no line of ours needs it (docs/decisions/0131-less-work-beside-a-request.md).
 * What is no warning, as what it tells of each route that it sets up, is for who asks for more than usual.
 */
export function nestLogger(logger: Logger): LoggerService {
  const at =
    (level: Level) =>
    (message: unknown, ...rest: unknown[]) =>
      writeLine(logger, level, message, rest);
  return {
    verbose: at('trace'),
    debug: at('debug'),
    log: at('debug'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
  };
}

/** @param rest the name of the part that speaks stands last; an error's stack may stand before it */
function writeLine(logger: Logger, level: Level, message: unknown, rest: readonly unknown[]): void {
  const context = rest.at(-1);
  const [stack] = rest.slice(0, -1).filter((part) => typeof part === 'string');
  const facts = { ...(typeof context === 'string' ? { context } : {}), ...(stack === undefined ? {} : { stack }) };
  if (message instanceof Error) logger[level]({ ...facts, err: message }, message.message);
  else if (typeof message === 'string') logger[level](facts, message);
  else logger[level]({ ...facts, details: message });
}
