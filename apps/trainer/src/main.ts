import { NestFactory } from '@nestjs/core';
import { allowClosedOutput, stopOnSignals } from '@watchnext/command-line';
import { endAfter, loadConfig, messageOrStack } from '@watchnext/config';
import { createLogger, nestOptions, runService } from '@watchnext/service';
import { endAtOnce } from '@watchnext/threads';
import { EXIT_CODES, parseCommand, type TrainerCommand } from './cli';
import { trainerSettings } from './settings';
import { trainOnce } from './train-once';
import { TrainerModule } from './trainer.module';
import { TrainingRunner } from './training-runner';
import { TrainingSchedule } from './training-schedule';

async function createContext() {
  const settings = loadConfig(trainerSettings);
  const { WATCHNEXT_LOG_LEVEL: level, WATCHNEXT_LOG_FORMAT: format } = settings;
  const logger = createLogger('trainer', { level, format });
  const app = await NestFactory.createApplicationContext(TrainerModule.with(settings, logger), nestOptions(logger));
  return { app, settings, logger };
}

/** Runs once; a signal, or the end of the parent process, stops the run at its next clean point, or the process before it runs. */
async function runOnce(command: TrainerCommand): Promise<number> {
  let runner: TrainingRunner | undefined = undefined;
  // Before the drivers are opened: the first process of a container is sent no signal that it does not handle. What comes of Ctrl-C reaches it twice,
  // from the terminal and from the program that started it.
  const stopping = stopOnSignals({ onSecond: () => undefined });
  stopping.signal.addEventListener('abort', () => (runner ? void runner.stop() : endAtOnce(stopping.exitCode)));
  if (process.send) process.on('disconnect', () => stopping.stop('SIGTERM'));
  const { app } = await createContext();
  runner = app.get(TrainingRunner);
  const code = await trainOnce(app, command);
  return code === EXIT_CODES.stopped ? stopping.exitCode : code;
}

allowClosedOutput();

const command = parseCommand(process.argv.slice(2));
if (command.once) {
  void endAfter(runOnce(command), { describe: messageOrStack });
} else {
  void runService(async () => {
    const { app, settings, logger } = await createContext();
    app.get(TrainingSchedule).start(settings.WATCHNEXT_TRAINER_SCHEDULE, command);
    return { app, logger };
  });
}
