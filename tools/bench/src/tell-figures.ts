/**
 * For the program of `measuredInProcess`: tells what the work found, and ends. Apart from it, so that the program loads nothing else that would be
 * measured.
 */
export function tellFigures(work: Promise<object>): void {
  work.then(
    (figures) => process.send?.(figures, () => process.exit(0)),
    (error: Error) => {
      console.error(error.message);
      process.exit(1);
    },
  );
}
