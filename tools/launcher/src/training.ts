/** One training run as a process, its stages shown as they go. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startTask, type ProgressTask } from '@watchnext/command-line';
import { LaunchError } from './launch-error';
import {
  describeEnd,
  endProcess,
  forkLogged,
  lastLines,
  remedyFor,
  sizeOf,
  type ServiceDefinition,
} from './service-process';

/** As the trainer's --help tells them. */
const PUBLISHED = 0;
const REJECTED = 3;
const NOTHING_TO_TRAIN = 4;
/** How it begins to say so in its log. */
const NOTHING = 'nothing to train on';

export interface TrainingResult {
  readonly outcome: 'published' | 'rejected';
  /** The trainer's own table of metrics and checks. */
  readonly table: string;
  /** What it wrote as JSON. */
  readonly report: unknown;
}

interface ProgressMessage {
  readonly kind: string;
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly detail?: string;
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
  const logStart = sizeOf(logFile);
  // Nothing is waited for from here to the listener: a signal that came before it would stop nothing.
  signal.throwIfAborted();
  const child = forkLogged(definition(['--once', '--metrics-json', metricsFile]), logFile);
  onProcess(child.pid);
  const stop = () => void endProcess(child);
  signal.addEventListener('abort', stop, { once: true });
  const stages = new StageTasks();
  child.on('message', (message: ProgressMessage) => {
    if (message?.kind === 'progress') stages.show(message);
  });
  const [code, how] = await new Promise<[number | null, string]>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, exitSignal) => resolve([exitCode, describeEnd(exitCode, exitSignal)]));
  });
  onProcess(undefined);
  signal.removeEventListener('abort', stop);
  stages.close(code === PUBLISHED || code === REJECTED);
  signal.throwIfAborted();
  if (code === NOTHING_TO_TRAIN) throw new LaunchError(reasonSince(await readFile(logFile), logStart), ifNothing);
  if (code !== PUBLISHED && code !== REJECTED) {
    const lines = lastLines(logFile, logStart);
    throw new LaunchError(
      [`training failed (${how}). Its last words:`, ...lines.map((line) => `  ${line}`)].join('\n'),
      remedyFor(lines.join('\n'), logFile),
    );
  }
  return {
    outcome: code === PUBLISHED ? 'published' : 'rejected',
    table: textSince(await readFile(logFile), logStart),
    report: JSON.parse(await readFile(metricsFile, 'utf8').catch(() => 'null')) as unknown,
  };
}

/** What the run printed besides its log lines, which are JSON. */
function textSince(log: Buffer, start: number): string {
  const lines = log.subarray(start).toString('utf8').split('\n');
  return lines
    .filter((line) => !line.startsWith('{"'))
    .join('\n')
    .trim();
}

/** Why the run found nothing to train on, in its own words. */
function reasonSince(log: Buffer, start: number): string {
  const messages = log
    .subarray(start)
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith('{"') && line.includes(NOTHING))
    .map((line) => (JSON.parse(line) as { msg?: string }).msg ?? '');
  return messages.reverse().find((message) => message.startsWith(NOTHING)) ?? NOTHING;
}

/** A task for each stage, one after another. */
class StageTasks {
  private stage = '';
  private task: ProgressTask | undefined;

  show({ stage, done, total, detail }: ProgressMessage): void {
    if (stage !== this.stage) {
      this.close(true);
      this.stage = stage;
      this.task = startTask(`  ${stage}`, 'steps');
    }
    // A total of one is a stage that cannot tell how far it is.
    if (total > 1) this.task?.update(done, total, detail === 'done' ? '' : detail);
  }

  close(complete: boolean): void {
    if (complete) this.task?.finish();
    else this.task?.abandon();
    this.task = undefined;
  }
}
