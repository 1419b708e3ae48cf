import { startTask, type ProgressTask } from '@watchnext/command-line';

/** Where long work says how far it is. */
export interface Progress {
  start(title: string, unit: string): ProgressTask;
  /** Of what was done, in lines of their own. */
  say(text: string): void;
  /** Of what people should know before long work, not after it. */
  warn(text: string): void;
}

/** Bars on a terminal, lines elsewhere, on standard error. */
export const progressOnStandardError: Progress = {
  start: (title, unit) => startTask(title, unit),
  say: (text) => void process.stderr.write(`${text}\n`),
  warn: (text) => void process.stderr.write(`WARNING: ${text}\n`),
};
