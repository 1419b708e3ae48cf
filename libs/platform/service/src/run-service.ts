import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { endByFailure, messageOrStack } from '@watchnext/config';
import type { Logger } from './logger';

/** How long a service may take to drain before it is ended. */
export const SHUTDOWN_LIMIT_MS = 10_000;

/** Of which so much is for what is done afterwards: a collector of spans that is gone must not make the stop a failure. */
const AFTERWARDS_LIMIT_MS = 2_000;

export interface RunningService {
  readonly app: INestApplicationContext;
  readonly logger: Logger;
  /** What is done once the service is closed, such as sending the last spans; within 2 s, or it is left. */
  readonly afterwards?: () => Promise<void>;
}

/**
 * Runs a service until SIGTERM or SIGINT, then closes it in order (Nest's shutdown hooks).
 *
 * Exit codes: 0 after a clean stop, 78 (EX_CONFIG) for an unusable configuration, 1 for anything else.
 * Where the parent gave an IPC channel, it is told `ready`, and a closed channel stops the service: a launcher that
 * was killed leaves no process behind.
 */
export async function runService(start: () => Promise<RunningService>): Promise<void> {
  const { app, logger, afterwards } = await start().catch((error: unknown) =>
    endByFailure(error, { describe: messageOrStack }),
  );

  let stopping = false;
  const stop = (reason: string) => {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, 'stopping');
    setTimeout(() => {
      logger.error({ limitMs: SHUTDOWN_LIMIT_MS }, 'did not drain in time');
      process.exit(1);
    }, SHUTDOWN_LIMIT_MS).unref();
    const closed = app.close().then(() => endWith(afterwards, logger));
    closed.then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'failed while stopping');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('unhandledRejection', (error) => {
    logger.fatal({ err: error }, 'unhandled rejection');
    process.exit(1);
  });
  if (process.send) {
    process.on('disconnect', () => stop('parent gone'));
    process.send({ kind: 'ready' });
  }
}

async function endWith(afterwards: RunningService['afterwards'], logger: Logger): Promise<void> {
  try {
    const tooLate = sleep(AFTERWARDS_LIMIT_MS).then(() => Promise.reject(new Error('took too long')));
    await Promise.race([afterwards?.(), tooLate]);
  } catch (error) {
    logger.warn({ err: error, limitMs: AFTERWARDS_LIMIT_MS }, 'stopped without the last spans');
  }
}
