/** Closes one after the other, and those after one that fails as well. @throws the first error, when all have been tried */
export async function closeInOrder(closers: Iterable<() => unknown>): Promise<void> {
  const errors: unknown[] = [];
  for (const close of closers) {
    try {
      await close();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** Takes over what is to be closed, and gives it back. */
export type Own = <Opened extends { close(): unknown }>(opened: Opened) => Opened;

/**
 * Closes after work what it opened and gave to `own`, the last first.
 *
 * @throws the error of the work; one of a close only where the work did all that it should
 */
export async function withOwned<Result>(work: (own: Own) => Promise<Result>): Promise<Result> {
  const closers: (() => unknown)[] = [];
  const close = () => closeInOrder(closers.reverse());
  let result: Result;
  try {
    result = await work((opened) => {
      closers.push(() => opened.close());
      return opened;
    });
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  await close();
  return result;
}
