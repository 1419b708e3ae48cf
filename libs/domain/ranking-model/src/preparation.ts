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
   * @throws the signal's reason when it is aborted; what `visit` throws
   */
  each<Example>(
    examples: readonly Example[],
    visit: (example: Example, n: number) => void,
    name?: string,
  ): Promise<void> {
    const visitAll = (from: number, to: number) => {
      for (let n = from; n < to; n++) visit(examples[n], n);
    };
    return this.inParts(examples.length, EXAMPLES_A_TURN, visitAll, name);
  }

  /**
   * As `each`, of so many examples a part of them at a time.
   * @param visit is given which: those from the first number to before the second
   */
  async inParts(
    exampleCount: number,
    partSize: number,
    visit: (from: number, to: number) => void | Promise<void>,
    name?: string,
  ): Promise<void> {
    for (let from = 0; from < exampleCount; from += partSize) {
      const to = Math.min(exampleCount, from + partSize);
      await visit(from, to);
      if (name !== undefined) this.onWork(`${name}, ${Math.floor((100 * to) / exampleCount)}%`);
      await nextTurn();
      this.signal?.throwIfAborted();
    }
  }
}
