import type { INestApplicationContext } from '@nestjs/common';
import { tellParent } from '@watchnext/config';
import type { Logger } from '@watchnext/service';
import { EXIT_CODES, type TrainerCommand } from './cli';
import { NothingToTrainError, RunStoppedError } from './errors';
import { LOGGER } from './tokens';
import { TrainingRunner } from './training-runner';

/** One run in an application context, which it closes; the exit code that the run deserves. */
export async function trainOnce(app: INestApplicationContext, command: TrainerCommand): Promise<number> {
  const logger = app.get<Logger>(LOGGER);
  try {
    const report = await app.get(TrainingRunner).run(command);
    return report.outcome === 'published' ? EXIT_CODES.published : EXIT_CODES.rejected;
  } catch (error) {
    if (error instanceof RunStoppedError) {
      logger.info(`${error.message}; nothing was published; a next run on the same archive goes on from there`);
      return EXIT_CODES.stopped;
    }
    if (error instanceof NothingToTrainError) {
      logger.warn(error.message);
      tellParent({ kind: 'nothing to train on', reason: error.message });
      return EXIT_CODES.nothingToTrain;
    }
    logger.error({ err: error }, `the training run failed: ${(error as Error).message}`);
    return EXIT_CODES.failed;
  } finally {
    await close(app, logger);
  }
}

/** What the run came to is decided by now: a driver that does not close must not have it trained anew. */
async function close(app: INestApplicationContext, logger: Logger): Promise<void> {
  try {
    await app.close();
  } catch (error) {
    logger.error({ err: error }, `failed while closing, after the run: ${(error as Error).message}`);
  }
}
