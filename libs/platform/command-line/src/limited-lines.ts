/** Lines about what may happen thousands of times: one now and then, with how many were left out since. */
export class LimitedLines {
  private saidAtMs = -Infinity;
  private leftOut = 0;

  constructor(
    private readonly write: (line: string) => unknown,
    private readonly everyMs = 10_000,
    private readonly now = Date.now,
  ) {}

  say(text: string): void {
    if (this.now() - this.saidAtMs < this.everyMs) {
      this.leftOut++;
      return;
    }
    this.saidAtMs = this.now();
    this.write(`${text}${this.leftOut > 0 ? ` (and ${this.leftOut} times more since the last such line)` : ''}\n`);
    this.leftOut = 0;
  }
}
