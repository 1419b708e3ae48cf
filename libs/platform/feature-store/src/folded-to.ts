import { TOPICS } from '@watchnext/contract';
import type { FeatureStore } from './port';

/** The offset of the log that a partition's states want next; 0 where they are of no offset of it, as while a checkpoint is loaded. */
export async function foldedTo(store: Pick<FeatureStore, 'readMark'>, partition: number): Promise<number> {
  const mark = await store.readMark(partition);
  return mark?.topic === TOPICS.activity ? mark.offset + 1 : 0;
}
