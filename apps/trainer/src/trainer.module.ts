import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { embeddedPaths, requireFolder, tellParent } from '@watchnext/config';
import { type EventArchive, openEventArchive } from '@watchnext/event-archive';
import { type EventLog, openEventLog } from '@watchnext/event-log';
import { type Logger } from '@watchnext/service';
import { closeInOrder } from '@watchnext/waiting';
import { openSnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';
import { selectBackend, type TensorBackend } from '@watchnext/tensor';
import { ProgressMessages } from './progress/progress-messages';
import { allOf, type ProgressReporter } from './progress/progress-reporter';
import { ProgressTasks } from './progress/progress-tasks';
import type { TrainerSettings } from './settings';
import * as tokens from './tokens';
import { TrainingRunner } from './training-runner';
import { TrainingSchedule } from './training-schedule';

/** The trainer on the drivers that the settings name; closing the context stops a run at a clean point, then closes the drivers. */
@Module({})
export class TrainerModule implements OnApplicationShutdown {
  constructor(
    @Inject(TrainingRunner) private readonly runner: TrainingRunner,
    @Inject(TrainingSchedule) private readonly schedule: TrainingSchedule,
    @Inject(tokens.ARCHIVE) private readonly archive: EventArchive,
    @Inject(tokens.SNAPSHOT_STORE) private readonly store: SnapshotStore,
  ) {}

  /** @param print - where the table of metrics goes */
  static with(
    settings: TrainerSettings,
    logger: Logger,
    print: (text: string) => void = toStandardOutput,
  ): DynamicModule {
    const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
    requireFolder('WATCHNEXT_DATA_DIR', settings.WATCHNEXT_DATA_DIR);
    return {
      module: TrainerModule,
      providers: [
        { provide: tokens.LOGGER, useValue: logger },
        { provide: tokens.ARCHIVE, useFactory: () => openEventArchive(settings, paths.archive) },
        { provide: tokens.SNAPSHOT_STORE, useFactory: () => openSnapshotStore(settings, paths.snapshots) },
        // Only to announce, at the end: one that is down must not keep hours of training from beginning.
        { provide: tokens.OPEN_LOG, useValue: () => openEventLog(settings, paths.eventLog, 'trainer') },
        { provide: tokens.BACKEND, useFactory: () => selectBackend(settings.WATCHNEXT_TENSOR_BACKEND) },
        { provide: tokens.REPORTER, useFactory: () => progressReporter(settings, logger) },
        {
          provide: TrainingRunner,
          inject: [tokens.ARCHIVE, tokens.SNAPSHOT_STORE, tokens.OPEN_LOG, tokens.BACKEND, tokens.REPORTER],
          useFactory: (
            archive: EventArchive,
            store: SnapshotStore,
            openLog: () => Promise<EventLog>,
            backend: TensorBackend,
            reporter: ProgressReporter,
          ) => new TrainingRunner({ settings, archive, store, openLog, backend, logger, reporter, print }),
        },
        {
          provide: TrainingSchedule,
          inject: [TrainingRunner],
          useFactory: (runner: TrainingRunner) => new TrainingSchedule(runner, logger),
        },
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    this.schedule.stop();
    await closeInOrder([() => this.runner.stop(), () => this.archive.close(), () => this.store.close()]);
  }
}

function toStandardOutput(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Bars for a person, lines for a log, messages for a parent process. */
function progressReporter(settings: TrainerSettings, logger: Logger): ProgressReporter {
  const forPeople =
    process.stderr.isTTY && settings.WATCHNEXT_PROGRESS_BARS
      ? new ProgressTasks(process.stderr)
      : new ProgressTasks({ write: (line: string) => logger.info(line.trimEnd()) });
  return process.send ? allOf([forPeople, new ProgressMessages(tellParent)]) : forPeople;
}
