/**
 * Reads a whole topic, alone. kafkajs cannot read without a group, so each tail is a group of its own with positions in
 * memory, deleted when the tail stops.
 */
import { onAbort } from '@watchnext/waiting';
import {
  EventLogError,
  type GroupHandler,
  OffsetBeyondEndError,
  type PartitionBounds,
  type Subscription,
  type TailHandler,
} from '../port';
import { isRefused, translate } from './kafka-errors';

/** What a tail needs of the log. */
export interface TailContext {
  readonly topic: string;
  readonly bounds: () => Promise<PartitionBounds[]>;
  readonly join: (handler: GroupHandler) => Promise<Subscription>;
  readonly deleteGroup: () => Promise<void>;
}

/**
 * Resolves once all that was there at the call has been handled.
 * @throws EventLogError where Kafka refuses the topic or the group, or the log is closed, before that; nothing is left running
 */
export async function tailTopic(
  { topic, bounds, join, deleteGroup }: TailContext,
  closing: AbortSignal,
  handler: TailHandler,
): Promise<Subscription> {
  const next = new Map<number, number | undefined>();
  const goals = new Map<number, number>();
  for (const { partition, firstOffset, endOffset } of await bounds()) {
    const wanted = handler.firstOffset?.(partition);
    next.set(partition, wanted);
    const hasLostItsEnd = wanted !== undefined && wanted > endOffset;
    if (endOffset > Math.max(firstOffset, hasLostItsEnd ? 0 : (wanted ?? 0))) goals.set(partition, endOffset);
  }

  let caughtUp!: () => void;
  let giveUp!: (error: Error) => void;
  const reached = new Promise<void>((resolve, reject) => {
    caughtUp = resolve;
    giveUp = reject;
  });
  // Told to whoever awaits it below; it may be rejected before, while the group is being joined.
  reached.catch(() => undefined);
  const advance = (partition: number, position: number, isEnd: boolean) => {
    next.set(partition, position);
    if (isEnd || position >= (goals.get(partition) ?? 0)) goals.delete(partition);
    if (goals.size === 0) caughtUp();
  };
  if (goals.size === 0) caughtUp();

  const group = await join({
    resumeOffset: async (partition) => next.get(partition),
    onBatch: async ({ partition, records, nextOffset, lag }) => {
      if (records.length > 0) await handler.onRecords(records);
      handler.onPosition?.(partition, nextOffset);
      // Compaction may have removed the very last records: no lag means the end as well.
      advance(partition, nextOffset, lag === 0);
    },
    onError: (error, partition) => {
      handler.onError?.(error);
      if (partition !== undefined && error instanceof OffsetBeyondEndError) next.set(partition, undefined);
      // Of the session, and not of a batch. A right that is missing is missing at the next attempt too.
      if (partition === undefined && isRefused(error)) giveUp(translate(`read ${topic}`, error, topic));
    },
  });
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    await group.stop();
    await deleteGroup().catch((error: unknown) => handler.onError?.(error as Error));
  };
  const onClosing = () => giveUp(new EventLogError('the event log is closed', 'closed', false));
  const ignore = onAbort(closing, onClosing);
  try {
    await reached;
  } catch (error) {
    // A log that closes stops its groups itself.
    if (!closing.aborted) await stop();
    throw error;
  } finally {
    ignore();
  }
  return {
    assignedPartitions: () => group.assignedPartitions(),
    heartbeatAgeMs: () => group.heartbeatAgeMs(),
    stop: () => (stopped ??= stop()),
  };
}
