/** The latency that a share of the last successful calls kept below. */
const WINDOW = 128;
const REFRESH = 16;

export class RecentLatency {
  private readonly window = new Float64Array(WINDOW);
  private count = 0;
  private current: number | undefined;

  constructor(private readonly quantile = 0.95) {}

  add(latencyMs: number): void {
    this.window[this.count++ % WINDOW] = latencyMs;
    if (this.count % REFRESH !== 0) return;
    const sorted = this.window.slice(0, Math.min(this.count, WINDOW)).sort();
    this.current = sorted[Math.floor(this.quantile * (sorted.length - 1))];
  }

  /** Milliseconds; undefined before there are enough. */
  get valueMs(): number | undefined {
    return this.count < 2 * REFRESH ? undefined : this.current;
  }
}
