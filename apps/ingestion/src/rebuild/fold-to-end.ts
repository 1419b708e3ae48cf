/** The last stretch of a rebuild: what the log holds beyond the archive, folded by an ordinary materialiser. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TOPICS } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import { foldedTo, type FeatureStore } from '@watchnext/feature-store';
import type { Logger } from '@watchnext/service';
import { Materialiser } from '../materialise/materialiser';
import { MATERIALISERS } from './require-nobody-materialises';

/**
 * Joins the materialisers' group until the states of these partitions have all that the log held at the call, whether this member
 * folded it or one that joined after it. Of those that were at work before see `requireNobodyMaterialises`.
 */
export async function foldToEnd(
  log: EventLog,
  store: FeatureStore,
  logger: Logger,
  partitions: readonly number[],
  partitionCount: number,
): Promise<void> {
  const goals = new Map<number, number>();
  for (const { partition, endOffset } of await log.bounds(TOPICS.activity)) {
    if (partitions.includes(partition)) goals.set(partition, endOffset);
  }
  const reached = async () => {
    for (const [partition, endOffset] of goals) {
      if ((await foldedTo(store, partition)) < endOffset) return false;
    }
    return true;
  };
  if (await reached()) return;
  let failure: Error | undefined;
  const materialiser = new Materialiser(log, store, logger, { partitionCount, cachedUsersPerPartition: 1_000 });
  const onError = materialiser.onError.bind(materialiser);
  materialiser.onError = (error, partition) => {
    onError(error, partition);
    // A gap does not close by waiting.
    const isGap = (error as { code?: string }).code === 'retention-gap';
    if (isGap && partition !== undefined && goals.has(partition)) failure = error;
  };
  const subscription = await log.joinGroup(MATERIALISERS, materialiser);
  try {
    while (!(await reached())) {
      if (failure) throw failure;
      await sleep(100);
    }
  } finally {
    await subscription.stop();
  }
}
