import { setTimeout as sleep } from 'node:timers/promises';
import { TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import type { EventLog } from '@watchnext/event-log';
import { foldedTo, type FeatureStore } from '@watchnext/feature-store';

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly endOffset: number;
  /** Records not yet in the states; absent for topics that no state is made of. */
  readonly materialised?: number;
  /** Records not yet in the archive. */
  readonly archived: number;
}

export interface Lag {
  /** Totals over the partitions. */
  readonly materialised: number;
  readonly archived: number;
  readonly partitions: readonly PartitionLag[];
}

/** The route has no limit of its own, and each look asks the log, the store and the archive for every partition. */
const LOOK_EVERY_MS = 250;

/**
 * How far states and archive are behind the log, by what is stored; so any process can tell, whoever does the work.
 * An offset without a record, such as a transaction's marker, counts until it was read; the archive says so after its flush time.
 *
 * @throws Error when states or archive are ahead of the log: then nothing would move, and a lag of 0 would hide it
 */
export class LagReader {
  /** The look that has begun last, ended or not; never rejects. */
  private latest: Promise<unknown> = Promise.resolve();
  private lookedAtMs = -Infinity;
  /** The look that has not begun yet. */
  private next: Promise<Lag> | undefined;

  constructor(
    private readonly log: EventLog,
    private readonly store: FeatureStore,
    private readonly archive: EventArchive,
  ) {}

  /**
   * One look at a time, and a few a second, which all share who ask before it begins. Never one that has begun: 0 tells who asks that what it
   * sent before is in.
   */
  read(): Promise<Lag> {
    return (this.next ??= this.lookInTurn());
  }

  private async lookInTurn(): Promise<Lag> {
    await this.latest;
    const waitMs = this.lookedAtMs + LOOK_EVERY_MS - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    this.next = undefined;
    this.lookedAtMs = performance.now();
    const look = this.look();
    this.latest = look.catch(() => undefined);
    return look;
  }

  private async look(): Promise<Lag> {
    const [activity, catalog] = await Promise.all([this.ofTopic(TOPICS.activity), this.ofTopic(TOPICS.catalog)]);
    const partitions = [...activity, ...catalog];
    return {
      materialised: partitions.reduce((total, { materialised = 0 }) => total + materialised, 0),
      archived: partitions.reduce((total, { archived }) => total + archived, 0),
      partitions,
    };
  }

  private async ofTopic(topic: string): Promise<PartitionLag[]> {
    // Progress before ends: a record that is handled in between makes the lag look larger, never negative.
    const done = await Promise.all(
      Array.from({ length: await this.log.partitionCount(topic) }, async (_, partition) => ({
        archivedTo: (await this.archive.nextOffset(topic, partition)) ?? 0,
        folded: topic === TOPICS.activity ? await foldedTo(this.store, partition) : undefined,
      })),
    );
    const bounds = await this.log.bounds(topic);
    return done.map(({ archivedTo, folded }, partition) => {
      const endOffset = bounds[partition]?.endOffset ?? 0;
      if (archivedTo > endOffset || (folded ?? 0) > endOffset) {
        throw new Error(
          `${topic} partition ${partition} ends at ${endOffset}, but was archived to ${archivedTo} and folded to ` +
            `${folded ?? 'nowhere'}: the log is not the one that these came from`,
        );
      }
      const archived = endOffset - archivedTo;
      return {
        topic,
        partition,
        endOffset,
        ...(folded === undefined ? {} : { materialised: endOffset - folded }),
        archived,
      };
    });
  }
}
