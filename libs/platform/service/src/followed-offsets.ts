/**
 * How far a consumer of a topic is behind. The ends of the log are asked for beside the consumer's work: one that hangs falls behind
 * as well.
 */
import type { EventLog, GroupHandler } from '@watchnext/event-log';
import { RepeatedQuestion } from './repeated-question';

/** How old the known ends of the log may be. */
const ENDS_MS = 5_000;

export class FollowedOffsets {
  /** By partition: the offset that comes next. */
  private readonly next = new Map<number, number>();
  private readonly ends = new Map<number, number>();
  /** The first offsets that the log still holds: what it dropped is not to be worked off. */
  private readonly firsts = new Map<number, number>();
  private readonly question = new RepeatedQuestion(() => this.readBounds(), ENDS_MS);

  /** @param of partitions: all that the topic has, for a consumer that is alone, or those that a group of several gives it */
  constructor(
    private readonly log: Pick<EventLog, 'bounds'>,
    private readonly topic: string,
    private readonly of: 'all' | 'those given',
  ) {
    this.question.start();
  }

  handled(partition: number, next: number): void {
    this.next.set(partition, next);
  }

  /** By partition followed: how many records are still to be worked off. */
  lag(): [partition: number, records: number][] {
    const partitions = this.of === 'all' ? new Set([...this.ends.keys(), ...this.next.keys()]) : this.next.keys();
    return [...partitions].map((partition) => {
      const next = this.next.get(partition) ?? 0;
      const end = this.ends.get(partition) ?? next;
      return [partition, Math.max(0, end - Math.max(next, this.firsts.get(partition) ?? 0))];
    });
  }

  /** The same handler, its place followed. */
  over(handler: GroupHandler): GroupHandler {
    return {
      resumeOffset: async (partition) => {
        // One that never finds where to go on falls behind by all that the log holds, which is what it does.
        if (!this.next.has(partition)) this.next.set(partition, 0);
        const offset = await handler.resumeOffset(partition);
        // It may have been given up meanwhile.
        if (this.next.has(partition)) this.next.set(partition, offset ?? 0);
        return offset;
      },
      onBatch: async (batch) => {
        const { partition, nextOffset, lag } = batch;
        this.ends.set(partition, Math.max(this.ends.get(partition) ?? 0, nextOffset + lag));
        await handler.onBatch(batch);
        this.next.set(partition, nextOffset);
      },
      onRevoked: async (partition) => {
        // One that is alone gets it back.
        if (this.of === 'those given') this.next.delete(partition);
        await handler.onRevoked?.(partition);
      },
      onError: (error, partition) => handler.onError?.(error, partition),
    };
  }

  /** Does so by itself every few seconds. */
  readEnds(): Promise<void> {
    return this.question.now();
  }

  stop(): void {
    this.question.stop();
  }

  private async readBounds(): Promise<void> {
    try {
      for (const { partition, firstOffset, endOffset } of await this.log.bounds(this.topic)) {
        this.ends.set(partition, endOffset);
        this.firsts.set(partition, firstOffset);
      }
    } catch {
      // Whoever follows reports a log that is down; the lag stays what was known of it.
    }
  }
}
