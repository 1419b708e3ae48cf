import type { Gate } from './stepped-storage';

/** Processes of which one goes on at a time, up to its next step: which one, `choose` says. */
export class Turns {
  private readonly waiting: { readonly process: number; readonly goOn: () => void }[] = [];
  private readonly running = new Set<number>();
  private arrived: () => void = () => undefined;

  /**
   * @param choose of so many that wait, by index
   * @param between is called while all wait
   */
  constructor(
    private readonly choose: (count: number) => number,
    private readonly between: () => Promise<void> = async () => undefined,
  ) {}

  gateOf(process: number): Gate {
    return () =>
      new Promise((resolve) => {
        this.waiting.push({ process, goOn: resolve });
        this.arrived();
      });
  }

  /** Resolves when all have ended, whichever way. @param processes those of `gateOf(0)`, `gateOf(1)`, … */
  async run(processes: readonly (() => Promise<unknown>)[]): Promise<PromiseSettledResult<unknown>[]> {
    const ends = processes.map(async (start, process) => {
      this.running.add(process);
      try {
        return await start();
      } finally {
        this.running.delete(process);
        this.arrived();
      }
    });
    const all = Promise.allSettled(ends);
    while (this.running.size > 0) {
      const allWait = () => [...this.running].every((one) => this.waiting.some(({ process }) => process === one));
      if (!allWait()) {
        await new Promise<void>((resolve) => (this.arrived = resolve));
        continue;
      }
      await this.between();
      const [next] = this.waiting.splice(this.choose(this.waiting.length), 1);
      next?.goOn();
      // What else the process does before its next step has a turn first, where it works at several things at once.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return all;
  }
}
