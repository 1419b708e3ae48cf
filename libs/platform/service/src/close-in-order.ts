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
