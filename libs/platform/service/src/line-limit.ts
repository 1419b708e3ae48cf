/** How many lines a second, as of an outage, may go to a log: what it leaves out is counted, and told once the second is over. */

const SECOND_MS = 1_000;

export class LineLimit {
  private endsAtMs = -Infinity;
  private lines = 0;
  private leftOut = 0;

  /**
   * @param onLeftOut told, after each second in which there were more, how many were left out
   * @param clock milliseconds; only differences count
   */
  constructor(
    private readonly perSecond: number,
    private readonly onLeftOut: (count: number) => void,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** @returns whether one more line may be written now; where not, it is counted */
  take(): boolean {
    if (this.clock() >= this.endsAtMs) this.begin();
    if (this.lines < this.perSecond) {
      this.lines += 1;
      return true;
    }
    if (this.leftOut++ === 0) setTimeout(() => this.tell(), this.endsAtMs - this.clock()).unref();
    return false;
  }

  private begin(): void {
    // The timer may be later than the next line.
    this.tell();
    this.endsAtMs = this.clock() + SECOND_MS;
    this.lines = 0;
  }

  private tell(): void {
    if (this.leftOut === 0) return;
    const count = this.leftOut;
    this.leftOut = 0;
    this.onLeftOut(count);
  }
}
