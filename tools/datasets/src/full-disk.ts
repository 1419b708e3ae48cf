import { DatasetError } from './dataset-error';

/** Failures of the disk, in whichever words they come, named with the folder and what to do; others as they are. */
export function describeFailure(error: unknown, folder: string): Error {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof DatasetError) return cause;
    const text = `${(cause as NodeJS.ErrnoException).code ?? ''} ${cause.message}`;
    if (/ENOSPC|No space left|disk full|Could not write .* block/i.test(text))
      return new DatasetError(
        `the disk of ${folder} is full. Nothing was imported; make room or choose another folder, then run the same command: it goes on where it stopped`,
        { cause: error },
      );
    if (/Could not set lock/i.test(text))
      return new DatasetError(`another import works in ${folder}: wait for it, or choose another folder`, {
        cause: error,
      });
  }
  return error instanceof Error ? error : new Error(String(error));
}
