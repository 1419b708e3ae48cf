/**
 * A consumer as the materialiser is one: counts the records of each key into the feature store, count and mark in one
 * commit. With "hold" it stops before its first commit until the spec lets it go on.
 */
import { openEmbeddedEventLog } from '@watchnext/event-log';
import { CountingHandler } from './counting-handler';
import { openEmbeddedFeatureStore } from '@watchnext/feature-store';

export type CounterMessage =
  | { kind: 'joined' }
  | { kind: 'committed'; partition: number; recordCount: number }
  | { kind: 'holding'; partition: number }
  | { kind: 'error'; code: string };

const [, , logDirectory, storeDirectory, topic, mode] = process.argv as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const tell = (message: CounterMessage) => process.send?.(message);

async function main(): Promise<void> {
  const log = openEmbeddedEventLog(logDirectory);
  const store = openEmbeddedFeatureStore(storeDirectory);
  let mayCommit = mode !== 'hold';
  const handler = new CountingHandler(store, topic, {
    beforeCommit: async (partition) => {
      if (mayCommit) return;
      tell({ kind: 'holding', partition });
      await new Promise<void>((resolve) => process.once('message', () => resolve()));
      mayCommit = true;
    },
    afterCommit: (partition, recordCount) => tell({ kind: 'committed', partition, recordCount }),
    onError: (error) => tell({ kind: 'error', code: (error as Error & { code?: string }).code ?? error.message }),
  });
  await log.joinGroup({ topic, groupId: 'counters', maxBatchRecords: 25 }, handler);
  tell({ kind: 'joined' });
}

process.on('disconnect', () => process.exit(0));
void main();
