/**
 * How long what arrives waits for this process to read it: no latency that a request sees of itself has that in it. Taken from
 * timers, which come as late as everything else.
 */
const EVERY_MS = 10;
/** Of the last ones the least: a pause, as of the garbage collector, makes one timer late, a backlog all of them. */
const REMEMBERED = 3;

export class LoopLag {
  private readonly lags: number[] = [];
  private dueAtMs = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param clock milliseconds; only differences count */
  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** Milliseconds that a backlog costs now; 0 where there is none. */
  get standingMs(): number {
    return this.lags.length < REMEMBERED ? 0 : Math.min(...this.lags);
  }

  start(): this {
    const next = () => {
      this.dueAtMs = this.clock() + EVERY_MS;
      this.timer = setTimeout(() => {
        this.note(this.clock() - this.dueAtMs);
        next();
      }, EVERY_MS).unref();
    };
    next();
    return this;
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** A timer was late by so much. */
  note(lateMs: number): void {
    this.lags.push(Math.max(0, lateMs));
    if (this.lags.length > REMEMBERED) this.lags.shift();
  }
}
