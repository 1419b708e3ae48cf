/**
 * How programs end: with a code that scripts can tell from others, and what went wrong on stderr.
 *
 * They end at once when their work is done, and do not wait for the event loop to run dry: clients of brokers and stores keep timers
 * and sockets for a while after they were closed, and a job that hangs on one blocks the next. So whoever gives work here closes
 * in it what must be closed. Nothing that was written gets lost: on POSIX stdout and stderr are written synchronously.
 */
import { ConfigError } from './load-config';

/** Of an environment that cannot be used (EX_CONFIG), so that a script does not take it for a failure of the work. */
export const EXIT_CONFIGURATION = 78;

/** What a program ends with that failed by `error`. */
export const exitCodeOf = (error: unknown): number => (error instanceof ConfigError ? EXIT_CONFIGURATION : 1);

/** Of programs whose failures may be faults of their own: the stack too, but where the environment is to blame. */
export const messageOrStack = (error: Error): string =>
  error instanceof ConfigError ? error.message : (error.stack ?? error.message);

export interface ProgramFailure {
  /** For stderr; default: the message. */
  readonly describe?: (error: Error) => string;
  /** Default: `exitCodeOf`. */
  readonly exitCode?: (error: Error) => number;
}

const beforeFailures: (() => void)[] = [];

/** Has something done before a program says that it failed, as what is drawn on its line taken away. @param work throws nothing */
export function beforeFailure(work: () => void): void {
  beforeFailures.push(work);
}

/** Writes what went wrong, and ends the process. */
export function endByFailure(
  thrown: unknown,
  { describe = ({ message }) => message, exitCode = exitCodeOf }: ProgramFailure = {},
): never {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  for (const work of beforeFailures) work();
  process.stderr.write(`${describe(error)}\n`);
  process.exit(exitCode(error));
}

/** Ends the process when the work is done, with the code that it gives, or by its failure. @param work closes what it opened, also where it fails */
export const endAfter = (work: Promise<number>, failure?: ProgramFailure): Promise<never> =>
  work.then(
    (code) => process.exit(code),
    (error: unknown) => endByFailure(error, failure),
  );
