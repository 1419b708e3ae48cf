import { TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import type { EventLog } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';

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

/**
 * How far states and archive are behind the log, by what is stored; so any process can tell, whoever does the work.
 * An offset that compaction emptied counts until what comes after it is archived.
 */
export class LagReader {
  constructor(
    private readonly log: EventLog,
    private readonly store: FeatureStore,
    private readonly archive: EventArchive,
  ) {}

  async read(): Promise<Lag> {
    const [activity, catalog] = await Promise.all([this.ofTopic(TOPICS.activity), this.ofTopic(TOPICS.catalog)]);
    const partitions = [...activity, ...catalog];
    return {
      materialised: partitions.reduce((total, { materialised = 0 }) => total + materialised, 0),
      archived: partitions.reduce((total, { archived }) => total + archived, 0),
      partitions,
    };
  }

  private async ofTopic(topic: string): Promise<PartitionLag[]> {
    const bounds = await this.log.bounds(topic);
    return Promise.all(
      bounds.map(async ({ partition, endOffset }) => {
        const archivedTo = (await this.archive.nextOffset(topic, partition)) ?? 0;
        const archived = Math.max(0, endOffset - archivedTo);
        if (topic !== TOPICS.activity) return { topic, partition, endOffset, archived };
        const foldedTo = ((await this.store.readMark(partition))?.offset ?? -1) + 1;
        return { topic, partition, endOffset, materialised: Math.max(0, endOffset - foldedTo), archived };
      }),
    );
  }
}
