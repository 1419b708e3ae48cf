/** Topics are made once, in one form, and before anything else. */
import { CollectingTail, FoldingHandler } from './handlers';
import { type EventLogSuite, record, TOPIC } from './support';

export function describeTopics({ spec }: EventLogSuite): void {
  describe('topics', () => {
    spec('exist once, however many handles create them', async ({ log, store }) => {
      const others = await Promise.all([store.open(), store.open()]);
      await Promise.all(
        [log, ...others].map((handle) => handle.ensureTopics([TOPIC, { name: 'late.v1', partitionCount: 3 }])),
      );
      for (const handle of others) expect(await handle.partitionCount('late.v1')).toBe(3);
    });

    spec('refuse another number of partitions', async ({ log }) => {
      await expect(log.ensureTopics([{ ...TOPIC, partitionCount: 5 }])).rejects.toMatchObject({
        code: 'topic-mismatch',
        wantedPartitionCount: 5,
        actualPartitionCount: 4,
      });
      expect(await log.partitionCount(TOPIC.name)).toBe(4);
    });

    spec('must exist before use', async ({ log }) => {
      const unknown = { code: 'unknown-topic', topic: 'nowhere.v1' };
      await expect(log.partitionCount('nowhere.v1')).rejects.toMatchObject(unknown);
      await expect(log.append('nowhere.v1', [record('k', 'v')])).rejects.toMatchObject(unknown);
      await expect(log.bounds('nowhere.v1')).rejects.toMatchObject(unknown);
      await expect(log.tail('nowhere.v1', new CollectingTail())).rejects.toMatchObject(unknown);
      await expect(log.groupMembers({ topic: 'nowhere.v1', groupId: 'g' })).rejects.toMatchObject(unknown);
      await expect(log.joinGroup({ topic: 'nowhere.v1', groupId: 'g' }, new FoldingHandler())).rejects.toMatchObject(
        unknown,
      );
    });
  });
}
