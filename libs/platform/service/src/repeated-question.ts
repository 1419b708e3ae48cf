/** Something that is asked for again and again beside the work, as how far the event log goes. */
export class RepeatedQuestion {
  private asking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param ask never rejects */
  constructor(
    private readonly ask: () => Promise<void>,
    private readonly everyMs: number,
  ) {}

  /** From now on; a second time changes nothing. */
  start(): void {
    this.timer ??= setInterval(() => void this.now(), this.everyMs).unref();
    void this.now();
  }

  /** Once at a time: while whoever is asked hangs, questions must not pile up. */
  now(): Promise<void> {
    return (this.asking ??= this.ask().finally(() => (this.asking = undefined)));
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
