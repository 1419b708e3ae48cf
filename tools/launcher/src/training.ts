/** One training run as a process, its stages shown as they go. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startTask, type ProgressTask } from '@watchnext/command-line';
import { isMessage, type ProgressMessage, TRAINER_EXIT_CODES } from '@watchnext/config';
import { describeEnd, type ServiceDefinition, ServiceProcess } from '@watchnext/service-process';
import { withLastWords } from './kept-service';
import { LaunchError } from './launch-error';

const { published: PUBLISHED, rejected: REJECTED, nothingToTrain: NOTHING_TO_TRAIN } = TRAINER_EXIT_CODES;

export interface TrainingResult {
  readonly outcome: 'published' | 'rejected';
  /** The trainer's own table of metrics and checks. */
  readonly table: string;
  /** What it wrote as JSON. */
  readonly report: unknown;
}

/** @throws LaunchError with the trainer's last words when it fails, or the signal's reason when stopped */
export async function trainOnce(
  definition: (args: readonly string[]) => ServiceDefinition,
  setting: {
    readonly logFile: string;
    readonly folder: string;
    /** What a person can do when there is nothing to train on; one line. */
    readonly ifNothing: string;
  },
  signal: AbortSignal,
  onProcess: (pid: number | undefined) => void,
): Promise<TrainingResult> {
  signal.throwIfAborted();
  const { logFile, folder, ifNothing } = setting;
  const metricsFile = join(folder, 'training.json');
  await rm(metricsFile, { force: true });
  // Nothing is waited for from here to the listener: a signal that came before it would stop nothing.
  signal.throwIfAborted();
  const trainer = new ServiceProcess(definition(['--once', '--metrics-json', metricsFile]), {
    logFile,
    ownGroup: true,
    onSpawn: ({ pid }) => onProcess(pid),
  });
  const stages = new StageTasks();
  let reason = 'nothing to train on';
  const running = trainer.run((message) => {
    if (isMessage('progress', message)) stages.show(message);
    if (isMessage('nothing to train on', message)) reason = message.reason;
  });
  const stop = () => void trainer.stop();
  signal.addEventListener('abort', stop, { once: true });
  const end = await running
    .catch((error: unknown) => {
      throw new LaunchError(`training could not be started: ${(error as Error).message}`, '', { cause: error });
    })
    .finally(() => {
      onProcess(undefined);
      signal.removeEventListener('abort', stop);
    });
  const { code } = end;
  stages.close(code === PUBLISHED || code === REJECTED);
  signal.throwIfAborted();
  if (code === NOTHING_TO_TRAIN) throw new LaunchError(reason, ifNothing);
  if (code !== PUBLISHED && code !== REJECTED)
    throw withLastWords(`training failed (${describeEnd(end)})`, trainer.lastLines(), logFile);
  return {
    outcome: code === PUBLISHED ? 'published' : 'rejected',
    table: tableIn(trainer.printed()),
    report: JSON.parse(await readFile(metricsFile, 'utf8').catch(() => 'null')) as unknown,
  };
}

/** What the run printed besides its log lines, which are JSON. */
function tableIn(printed: string): string {
  return printed
    .split('\n')
    .filter((line) => !line.startsWith('{"'))
    .join('\n')
    .trim();
}

/** A task for each stage, one after another. */
class StageTasks {
  private stage = '';
  private task: ProgressTask | undefined;

  show({ stage, done, total, detail, passedOver }: ProgressMessage): void {
    if (stage !== this.stage) {
      this.close(true);
      this.stage = stage;
      this.task = startTask(`  ${stage}`, 'steps');
    }
    // A total of one is a stage that cannot tell how far it is.
    if (total > 1) this.task?.update(done, total, detail === 'done' ? '' : detail, passedOver);
  }

  close(complete: boolean): void {
    if (complete) this.task?.finish();
    else this.task?.abandon();
    this.task = undefined;
  }
}
