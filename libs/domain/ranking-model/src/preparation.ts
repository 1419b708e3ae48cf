import { setImmediate as nextTurn } from 'node:timers/promises';

/** Examples between two turns of the event loop: some tens of milliseconds. */
const EXAMPLES_A_TURN = 1_000;

/**
 * Work on all examples beside the steps of a training. With millions of them it takes minutes, in which timers and signals get
 * their turns, and whoever waits is told how far it is.
 */
export class Preparation {
  /** @param onWork told what is done, as "preparing examples, 35%" */
  constructor(
    private readonly onWork: (work: string) => void = () => undefined,
    private readonly signal?: AbortSignal,
  ) {}

  /**
   * @param name of the work; none: it is short beside others, and not told of
   * @param part in (0, 1], of the work of that name that this is, and how much of it came before
   * @throws the signal's reason when it is aborted; what `visit` throws
   */
  async each<Example>(
    examples: readonly Example[],
    visit: (example: Example, n: number) => void,
    name?: string,
    { part, before }: { readonly part: number; readonly before: number } = { part: 1, before: 0 },
  ): Promise<void> {
    for (let from = 0; from < examples.length; from += EXAMPLES_A_TURN) {
      const to = Math.min(examples.length, from + EXAMPLES_A_TURN);
      for (let n = from; n < to; n++) visit(examples[n], n);
      if (name !== undefined) {
        const done = before + (part * to) / examples.length;
        this.onWork(`${name}, ${Math.floor(100 * done)}%`);
      }
      await nextTurn();
      this.signal?.throwIfAborted();
    }
  }
}
