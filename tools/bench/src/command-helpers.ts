/** What groups of commands take from the program that they belong to. */
import type { BenchReport } from './report';

export interface CommandHelpers {
  /** @throws InvalidArgumentError for what is no whole number from 1 */
  readonly count: (text: string) => number;
  /** Separated by commas. */
  readonly counts: (text: string) => number[];
  /** An action that runs a bench, prints its text and writes its report. */
  readonly measuring: <Options>(
    run: (options: Options) => Promise<{ result: BenchReport; text: string }>,
  ) => (options: Options & { json?: string }) => Promise<void>;
}
