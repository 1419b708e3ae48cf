import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { embeddedPaths, requireFolder, tellParent } from '@watchnext/config';
import { type EventArchive, openEventArchive } from '@watchnext/event-archive';
import { type EventLog, openEventLog } from '@watchnext/event-log';
import { closeInOrder, createLogger, type Logger } from '@watchnext/service';
import { openSnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';
import { selectBackend, type TensorBackend } from '@watchnext/tensor';
import { ProgressMessages } from './progress/progress-messages';
import { allOf, type ProgressReporter } from './progress/progress-reporter';
import { ProgressTasks } from './progress/progress-tasks';
import type { TrainerSettings } from './settings';
import { TrainingRunner } from './training-runner';
import { TrainingSchedule } from './training-schedule';

/** Tokens of what is injected by interface. */
export const TOKENS = {
  settings: Symbol('settings'),
  logger: Symbol('logger'),
  archive: Symbol('event archive'),
  store: Symbol('snapshot store'),
  openLog: Symbol('how the event log is opened'),
  backend: Symbol('tensor backend'),
  reporter: Symbol('progress reporter'),
  print: Symbol('print'),
} as const;

/** The trainer on the drivers that the settings name; closing the context stops a run at a clean point, then closes the drivers. */
@Module({})
export class TrainerModule implements OnApplicationShutdown {
  constructor(
    @Inject(TrainingRunner) private readonly runner: TrainingRunner,
    @Inject(TrainingSchedule) private readonly schedule: TrainingSchedule,
    @Inject(TOKENS.archive) private readonly archive: EventArchive,
    @Inject(TOKENS.store) private readonly store: SnapshotStore,
  ) {}

  /** @param print - where the table of metrics goes */
  static register(settings: TrainerSettings, print: (text: string) => void = toStandardOutput): DynamicModule {
    const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
    requireFolder('WATCHNEXT_DATA_DIR', settings.WATCHNEXT_DATA_DIR);
    const logger = createLogger('trainer', {
      level: settings.WATCHNEXT_LOG_LEVEL,
      format: settings.WATCHNEXT_LOG_FORMAT,
    });
    return {
      module: TrainerModule,
      providers: [
        { provide: TOKENS.settings, useValue: settings },
        { provide: TOKENS.logger, useValue: logger },
        { provide: TOKENS.archive, useFactory: () => openEventArchive(settings, paths.archive) },
        { provide: TOKENS.store, useFactory: () => openSnapshotStore(settings, paths.snapshots) },
        // Only to announce, at the end: one that is down must not keep hours of training from beginning.
        { provide: TOKENS.openLog, useValue: () => openEventLog(settings, paths.eventLog, 'trainer') },
        { provide: TOKENS.backend, useFactory: () => selectBackend(settings.WATCHNEXT_TENSOR_BACKEND) },
        { provide: TOKENS.reporter, useFactory: () => progressReporter(settings, logger) },
        { provide: TOKENS.print, useValue: print },
        {
          provide: TrainingRunner,
          inject: [TOKENS.archive, TOKENS.store, TOKENS.openLog, TOKENS.backend, TOKENS.reporter, TOKENS.print],
          useFactory: (
            archive: EventArchive,
            store: SnapshotStore,
            openLog: () => Promise<EventLog>,
            backend: TensorBackend,
            reporter: ProgressReporter,
            print: (text: string) => void,
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
