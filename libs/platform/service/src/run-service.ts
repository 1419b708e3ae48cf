import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { endByFailure, messageOrStack, SHUTDOWN_LIMIT_MS, tellParent } from '@watchnext/config';
import { endAtOnce, threadsAtRest } from '@watchnext/threads';
import type { Logger } from './logger';

/** Of the time to drain so much is for what is done afterwards: a collector of spans that is gone must not make the stop a failure. */
const AFTERWARDS_LIMIT_MS = 2_000;

export interface RunningService {
  readonly app: INestApplicationContext;
  readonly logger: Logger;
  /** What is done once the service is closed, such as sending the last spans; within 2 s, or it is left. */
  readonly afterwards?: () => Promise<void>;
}

/**
 * Runs a service until SIGTERM or SIGINT, then closes it in order (Nest's shutdown hooks). One that is still starting is closed
 * as soon as it has started; all of it within `SHUTDOWN_LIMIT_MS` of the signal.
 *
 * Exit codes: 0 after a clean stop, 78 (EX_CONFIG) for an unusable configuration, 1 for anything else; 137 (SIGKILL) instead of 1
 * where a thread was amid what must not be interrupted (`endAtOnce`).
 * Where the parent gave an IPC channel, it is told `ready`, and a closed channel stops the service: a launcher that
 * was killed leaves no process behind.
 *
 * @param start is given a signal that is aborted when the service is to stop: one that serves already need not wait for the rest
 */
export async function runService(start: (stopping: AbortSignal) => Promise<RunningService>): Promise<void> {
  const stopping = new AbortController();
  let running: RunningService | undefined = undefined;
  let stopReason: string | undefined;
  const stop = (reason: string) => {
    if (stopReason !== undefined) return;
    stopReason = reason;
    stopping.abort();
    setTimeout(() => endLate(running?.logger), SHUTDOWN_LIMIT_MS).unref();
    if (running) close(running, reason);
  };
  // Before the start, which may take minutes: the first process of a container is sent no signal that it does not handle.
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  if (process.send) process.on('disconnect', () => stop('parent gone'));

  // Its state is unknown: closing in order could write what is wrong, and a new process begins at what was committed.
  process.on('unhandledRejection', (error) => endBy(error, 'unhandled rejection', running?.logger));
  process.on('uncaughtException', (error) => endBy(error, 'uncaught exception', running?.logger));

  running = await start(stopping.signal).catch((error: unknown) => {
    // Whether they are or not: why it did not start is what there is to tell.
    threadsAtRest();
    return endByFailure(error, { describe: messageOrStack });
  });
  if (stopReason !== undefined) close(running, stopReason);
  else tellParent({ kind: 'ready' });
}

/** @param logger undefined where the service has not started */
function endBy(error: unknown, what: string, logger: Logger | undefined): never {
  if (logger) logger.fatal({ err: error }, what);
  else process.stderr.write(`${what}: ${error instanceof Error ? messageOrStack(error) : String(error)}\n`);
  endAtOnce(1);
}

function close({ app, logger, afterwards }: RunningService, reason: string): void {
  logger.info({ reason }, 'stopping');
  const closed = app.close().then(() => endWith(afterwards, logger));
  const code = closed.then(
    () => 0,
    (error: unknown) => {
      logger.error({ err: error }, 'failed while stopping');
      return 1;
    },
  );
  void code.then(endAtOnce);
}

/** @param logger undefined where the service never started */
function endLate(logger: Logger | undefined): never {
  if (logger) logger.error({ limitMs: SHUTDOWN_LIMIT_MS }, 'did not drain in time');
  else process.stderr.write(`asked to stop while starting, and did not start within ${SHUTDOWN_LIMIT_MS} ms\n`);
  // What hangs cannot be closed: it is left to the system, and to what recovers from a killed process.
  endAtOnce(1);
}

async function endWith(afterwards: RunningService['afterwards'], logger: Logger): Promise<void> {
  try {
    const tooLate = sleep(AFTERWARDS_LIMIT_MS).then(() => Promise.reject(new Error('took too long')));
    await Promise.race([afterwards?.(), tooLate]);
  } catch (error) {
    logger.warn({ err: error, limitMs: AFTERWARDS_LIMIT_MS }, 'stopped without the last spans');
  }
}
