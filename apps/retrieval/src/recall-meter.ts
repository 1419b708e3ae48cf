/** Samples live queries, searches them exactly on a thread of its own, and keeps the mean recall of the last ones. */
import { RECALL_K, recallAtK } from '@watchnext/ann-index';
import type { OpenIndex } from '@watchnext/vector-search';

const WINDOW = 200;
/**
 * An exact search looks at every vector: of a million for a tenth of a second and more. So much of one processor's time it
 * may take at most, however often samples are wanted.
 */
const MOST_OF_A_PROCESSOR = 0.02;

interface Sampled {
  readonly index: OpenIndex;
  readonly query: Float32Array;
}

export class RecallMeter {
  private readonly recalls: number[] = [];
  /** Weakly: that of a snapshot which is let go has hundreds of MB, and on an idle service no other takes its place. */
  private measured: WeakRef<OpenIndex> | undefined;
  private latest: Sampled | undefined;
  private timer: NodeJS.Timeout | undefined;
  private samples = 0;
  private isStopped = true;

  /**
   * @param everySeconds between two samples, or longer where they cost much; 0: never
   * @param onError told of what could not be measured
   */
  constructor(
    private readonly everySeconds: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Mean over the last samples of the index measured last; NaN before the first. */
  get recall(): number {
    return this.recalls.reduce((sum, recall) => sum + recall, 0) / this.recalls.length;
  }

  get sampleCount(): number {
    return this.samples;
  }

  /** Notes a query that was answered, while samples are taken; the next one is the latest. */
  offer(index: OpenIndex, query: Float32Array): void {
    if (!this.isStopped) this.latest = { index, query };
  }

  start(): void {
    if (this.everySeconds <= 0) return;
    this.isStopped = false;
    const sampleAfter = (waitMs: number) => {
      this.timer = setTimeout(async () => {
        const startedAt = performance.now();
        await this.sample();
        const tookMs = performance.now() - startedAt;
        if (!this.isStopped) sampleAfter(Math.max(this.everySeconds * 1_000, tookMs / MOST_OF_A_PROCESSOR));
      }, waitMs).unref();
    };
    sampleAfter(this.everySeconds * 1_000);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.latest = undefined;
  }

  /** Measures the latest query, if one came since the last time. */
  async sample(): Promise<void> {
    const sampled = this.latest;
    this.latest = undefined;
    if (!sampled) return;
    try {
      const { found, exact } = await sampled.index.compare(sampled.query, RECALL_K);
      if (this.measured?.deref() !== sampled.index) this.recalls.length = 0;
      this.measured = new WeakRef(sampled.index);
      this.recalls.push(recallAtK(found, exact, RECALL_K));
      if (this.recalls.length > WINDOW) this.recalls.shift();
      this.samples++;
    } catch (error) {
      // The snapshot may have been let go between the query and now.
      this.onError(error);
    }
  }
}
