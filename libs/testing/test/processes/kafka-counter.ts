/** A member of a group on Kafka that counts the records of each key into the embedded feature store. */
import { openKafkaEventLog, type KafkaSettings } from '@watchnext/event-log';
import { openEmbeddedFeatureStore } from '@watchnext/feature-store';
import { CountingHandler } from './counting-handler';

export type KafkaCounterMessage =
  | { kind: 'assigned'; partitions: number[] }
  | { kind: 'batch'; partition: number }
  | { kind: 'error'; message: string };

const [, , settings, storeDirectory, topic] = process.argv as [string, string, string, string, string];
const tell = (message: KafkaCounterMessage) => process.send?.(message);

async function main(): Promise<void> {
  const log = await openKafkaEventLog(JSON.parse(settings) as KafkaSettings);
  const store = openEmbeddedFeatureStore(storeDirectory);
  const handler = new CountingHandler(store, topic, {
    beforeCommit: async (partition) => void tell({ kind: 'batch', partition }),
    onError: (error) => tell({ kind: 'error', message: error.message }),
  });
  const subscription = await log.joinGroup({ topic, groupId: 'counters' }, handler);
  let told = '';
  setInterval(() => {
    const partitions = subscription.assignedPartitions();
    if (partitions.join() === told) return;
    told = partitions.join();
    tell({ kind: 'assigned', partitions });
  }, 20);
}

process.on('disconnect', () => process.exit(0));
void main();
