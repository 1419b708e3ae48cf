/** Offsets of one partition from here on. */
interface Place {
  readonly topicId: number;
  readonly partition: number;
  readonly fromOffset: number;
}

/** What the poll looks at. */
export interface Ends {
  /** Lets the following looks see what was written by now. */
  refresh(): void;
  /** Offset that the partition's next record gets. */
  endOf(topicId: number, partition: number): number;
}

interface Wait {
  readonly places: readonly Place[];
  readonly untilMs: number;
  settle(error?: Error): void;
}

const SHORTEST_MS = 5;
const LONGEST_MS = 50;
/** Nobody waits for longer, so that who reads can show that it lives. */
const LONGEST_WAIT_MS = 1_000;

/**
 * Waits for records that other processes append, for all readers of a handle together: a look at the log costs more than what most
 * looks find, and a reader for each partition of each group would look ten times for every record. The looks are frequent while there
 * is traffic, and rarer when there was none for a while.
 */
export class RecordPoll {
  private waits: Wait[] = [];
  private timer: NodeJS.Timeout | undefined;
  private intervalMs = SHORTEST_MS;

  constructor(private readonly ends: Ends) {}

  /**
   * Resolves once one of the places has a record, with an abort, or after a second.
   * @throws what a look throws
   */
  wait(places: readonly Place[], signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        signal.removeEventListener('abort', leave);
        if (error) reject(error);
        else resolve();
      };
      const wait: Wait = { places, untilMs: performance.now() + LONGEST_WAIT_MS, settle };
      const leave = () => {
        this.waits = this.waits.filter((other) => other !== wait);
        settle();
      };
      signal.addEventListener('abort', leave);
      this.waits.push(wait);
      this.timer ??= this.nextLook();
    });
  }

  /** Wakes whoever has something to read: not to be put off where this handle itself has appended. */
  look(): void {
    const { waits } = this;
    if (waits.length === 0) return;
    const now = performance.now();
    this.waits = [];
    try {
      this.ends.refresh();
      for (const wait of waits) {
        const hasRecords = wait.places.some(
          ({ topicId, partition, fromOffset }) => this.ends.endOf(topicId, partition) > fromOffset,
        );
        if (hasRecords) this.intervalMs = SHORTEST_MS;
        if (hasRecords || now >= wait.untilMs) wait.settle();
        else this.waits.push(wait);
      }
    } catch (error) {
      for (const wait of waits) wait.settle(error as Error);
      this.waits = [];
    }
  }

  private nextLook(): NodeJS.Timeout {
    return setTimeout(() => {
      this.intervalMs = Math.min(LONGEST_MS, this.intervalMs * 1.1);
      this.look();
      this.timer = this.waits.length > 0 ? this.nextLook() : undefined;
    }, this.intervalMs);
  }
}
