import type { Logger } from '@watchnext/service';
import { Cron } from 'croner';
import type { TrainerCommand } from './cli';
import { NothingToTrainError, RunStoppedError } from './errors';
import type { TrainingRunner } from './training-runner';

/** Trains whenever the schedule says so. A run that is still going on when the next is due takes its place. */
export class TrainingSchedule {
  private cron: Cron | undefined;

  constructor(
    private readonly runner: Pick<TrainingRunner, 'run'>,
    private readonly logger: Logger,
  ) {}

  start(pattern: string, command: TrainerCommand): void {
    this.cron = new Cron(
      pattern,
      { timezone: 'UTC', protect: () => this.logger.warn('the previous run is still going on: this one is left out') },
      () => this.trainOnce(command),
    );
    this.logger.info({ pattern, nextRun: this.cron.nextRun()?.toISOString() }, 'training on a schedule');
  }

  stop(): void {
    this.cron?.stop();
  }

  /** A failed run is not the last: the next one may find what this one lacked. */
  private async trainOnce(command: TrainerCommand): Promise<void> {
    try {
      await this.runner.run(command);
    } catch (error) {
      if (error instanceof RunStoppedError) this.logger.info(error.message);
      else if (error instanceof NothingToTrainError) this.logger.warn(error.message);
      else this.logger.error({ err: error }, 'the training run failed');
    }
  }
}
