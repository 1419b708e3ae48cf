import { TOPICS, type UserState } from '@watchnext/contract';
import { partitionOf, type EventLog } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import { decodeState } from '@watchnext/features';
import type { Logger } from '@watchnext/service';
import { setTimeout as sleep } from 'node:timers/promises';

/** A login waits so long for the anonymous viewer's last events to be folded, and then takes what is there. */
const PATIENCE_MS = 1_000;

/** What is known of an anonymous viewer, for the merge event that carries it to the user's own partition. */
export class AnonymousHistory {
  constructor(
    private readonly log: EventLog,
    private readonly store: FeatureStore,
    private readonly partitionCount: number,
    private readonly logger: Logger,
  ) {}

  /**
   * The viewer's state with all that was appended before the call; undefined for one never seen.
   * Its event ids stay behind: retries of its events go to its own state.
   */
  async of(anonymousUserId: string): Promise<UserState | undefined> {
    const partition = partitionOf(anonymousUserId, this.partitionCount);
    await this.whenFolded(partition);
    const { state } = await this.store.read(partition, anonymousUserId);
    if (!state) return undefined;
    const decoded = decodeState(state);
    return decoded.deleted ? undefined : { ...decoded, seenEvents: [] };
  }

  private async whenFolded(partition: number): Promise<void> {
    const end = (await this.log.bounds(TOPICS.activity))[partition]?.endOffset ?? 0;
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const foldedTo = ((await this.store.readMark(partition))?.offset ?? -1) + 1;
      if (foldedTo >= end) return;
      if (Date.now() > deadline) {
        this.logger.warn({ partition, foldedTo, end }, 'merging an anonymous history that is not folded to its end');
        return;
      }
      await sleep(10);
    }
  }
}
