/**
 * For the program of `measuredInProcess`: tells what the work found, and ends. Apart from it, so that the program loads nothing else that would be
 * measured: what ends it by a failure is loaded where it fails.
 */
export function tellFigures(work: Promise<object>): void {
  work.then(
    (figures) => process.send?.(figures, () => process.exit(0)),
    async (error: unknown) => (await import('@watchnext/config')).endByFailure(error),
  );
}
