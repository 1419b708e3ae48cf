/** Work begun at a steady rate, whatever becomes of what was begun before (open loop). */
export class SteadyPace {
  private readonly running = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private begun = 0;

  /** @param work given when it was due, in milliseconds since the epoch, and how many were begun before it */
  constructor(
    private readonly perSecond: number,
    private readonly work: (dueAtMs: number, index: number) => Promise<void>,
  ) {}

  start(): void {
    const startedAtMs = Date.now();
    const dueAtMs = () => startedAtMs + (this.begun * 1_000) / this.perSecond;
    this.timer = setInterval(() => {
      // As of now: at a rate that work cannot keep, more would become due for ever, and nothing else get a turn.
      const nowMs = Date.now();
      while (dueAtMs() <= nowMs) {
        const one: Promise<void> = this.work(dueAtMs(), this.begun).finally(() => this.running.delete(one));
        this.running.add(one);
        this.begun++;
      }
    }, 2);
  }

  /** Begins no more; resolves once all is ended. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.running);
  }
}
