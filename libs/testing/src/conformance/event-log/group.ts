/** Members share the partitions of a topic, and each record is folded once, from where the handler says. */
import {
  appendInSlices,
  bytesOf,
  MAX_READ_BYTES,
  partitionOf,
  type EventLog,
  type Subscription,
} from '@watchnext/event-log';
import { eventually } from '@watchnext/waiting/testing';
import { FoldingHandler } from './handlers';
import { COMPACTED, type EventLogSuite, numbered, record, TOPIC } from './support';

export function describeGroup({ spec }: EventLogSuite): void {
  describe('a group', () => {
    const join = (handle: EventLog, handler: FoldingHandler, groupId = 'group'): Promise<Subscription> =>
      handle.joinGroup({ topic: TOPIC.name, groupId, maxBatchRecords: 10 }, handler);

    spec('gets every record in order, in bounded batches that never overlap', async ({ log, store }) => {
      await log.append(TOPIC.name, numbered(100));
      const handler = new FoldingHandler();
      await join(await store.open(), handler);
      await log.append(TOPIC.name, numbered(100, 'live'));
      await eventually(() => expect(handler.records).toHaveLength(200));
      expect(handler.faults).toEqual([]);
      expect(handler.largestBatch).toBeLessThanOrEqual(10);
      expect(handler.lagOf(partitionOf('user-0', 4))).toBe(0);
    });

    spec('gets batches of bounded weight, whatever lies beside the values', async ({ log }) => {
      const headers = { baggage: 'x'.repeat(16_000) };
      const heavy = numbered(1_000).map((one) => ({ ...one, key: 'same', headers }));
      await appendInSlices(log, TOPIC.name, heavy);
      const batchBytes: number[] = [];
      let count = 0;
      const group = { topic: TOPIC.name, groupId: 'heavy', maxBatchRecords: 10_000 };
      await log.joinGroup(group, {
        resumeOffset: async (partition) => (partition === partitionOf('same', 4) ? count : 0),
        onBatch: async ({ records }) => {
          batchBytes.push(records.reduce((sum, one) => sum + bytesOf(one), 0));
          count += records.length;
        },
      });
      await eventually(() => expect(count).toBe(heavy.length));
      expect(Math.max(...batchBytes)).toBeLessThanOrEqual(MAX_READ_BYTES);
    });

    spec('begins where the handler says', async ({ log }) => {
      await log.append(TOPIC.name, numbered(100));
      const partition = partitionOf('user-0', 4);
      const handler = new FoldingHandler();
      handler.marks.next.set(partition, 5);
      await join(log, handler);
      const ends = await log.bounds(TOPIC.name);
      await eventually(() => expect(handler.marks.next.get(partition)).toBe(ends[partition]?.endOffset));
      expect(handler.records.find((r) => r.partition === partition)?.offset).toBe(5);
    });

    spec('hears of an offset beyond the end, and goes on once the handler knows better', async ({ log }) => {
      await log.append(TOPIC.name, numbered(20));
      const partition = partitionOf('user-0', 4);
      const handler = new FoldingHandler();
      handler.marks.next.set(partition, 1_000);
      await join(log, handler);
      await eventually(() =>
        expect(handler.errors).toContainEqual(expect.objectContaining({ code: 'offset-out-of-range' })),
      );
      handler.marks.next.set(partition, 0);
      await eventually(() => expect(handler.records).toHaveLength(20));
    });

    spec('is given a failed batch again from a fresh resume offset', async ({ log }) => {
      await log.append(TOPIC.name, [record('k', '0'), record('k', '1'), record('k', '2')]);
      const handler = new FoldingHandler();
      handler.failBeforeFolding = 2;
      await join(log, handler);
      await eventually(() => expect(handler.texts()).toEqual(['0', '1', '2']));
      expect(handler.errors.map(({ message }) => message)).toEqual(['told to fail', 'told to fail']);
      expect(handler.errorPartitions).toEqual([partitionOf('k', 4), partitionOf('k', 4)]);
      expect(handler.resumeCalls.filter((p) => p === partitionOf('k', 4)).length).toBe(3);
    });

    spec('shares its partitions among its members, and each record is folded once', async ({ log, store }) => {
      const first = new FoldingHandler();
      const second = new FoldingHandler(first.marks);
      const handles = [await store.open(), await store.open()] as const;
      const one = await join(handles[0], first);
      await log.append(TOPIC.name, numbered(60));
      const two = await join(handles[1], second);
      await eventually(() => {
        expect(one.assignedPartitions()).toHaveLength(2);
        expect(two.assignedPartitions()).toHaveLength(2);
      });
      expect([...one.assignedPartitions(), ...two.assignedPartitions()].sort()).toEqual([0, 1, 2, 3]);
      await log.append(TOPIC.name, numbered(60, 'shared'));
      await eventually(() => expect(first.texts().length + second.texts().length).toBe(120));
      expect(new Set([...first.texts(), ...second.texts()]).size).toBe(120);
      expect([...first.faults, ...second.faults]).toEqual([]);
    });

    spec('hands a stopped member’s partitions to the others after its last batch', async ({ log, store }) => {
      const first = new FoldingHandler();
      const second = new FoldingHandler(first.marks);
      const one = await join(await store.open(), first);
      first.holdBatches();
      await log.append(TOPIC.name, [record('k', '0')]);
      await eventually(() => expect(first.heldBatches).toBe(1));
      const stopping = one.stop();
      await eventually(() => expect(first.lastSignal?.aborted).toBe(true));
      const two = await join(await store.open(), second);
      expect(first.revoked).not.toContain(partitionOf('k', 4));
      first.releaseBatches();
      await stopping;
      expect(first.texts()).toEqual(['0']);
      expect([...first.revoked].sort()).toEqual([0, 1, 2, 3]);
      expect(one.assignedPartitions()).toEqual([]);
      await eventually(() => expect(two.assignedPartitions()).toEqual([0, 1, 2, 3]));
      await log.append(TOPIC.name, [record('k', '1')]);
      await eventually(() => expect(second.texts()).toEqual(['1']));
    });

    spec('is told how far it has come: in the end to where the next record will lie', async ({ log }) => {
      await log.append(TOPIC.name, numbered(100));
      for (let i = 0; i < 5; i++) await log.append(COMPACTED.name, [record(`v${i % 2}`, String(i))]);
      const plain = new FoldingHandler();
      const compacted = new FoldingHandler();
      await join(log, plain);
      await log.joinGroup({ topic: COMPACTED.name, groupId: 'compacted' }, compacted);
      for (const [topic, handler] of [
        [TOPIC.name, plain],
        [COMPACTED.name, compacted],
      ] as const) {
        await eventually(async () => {
          for (const { partition, endOffset } of await log.bounds(topic))
            if (endOffset > 0) expect(handler.marks.next.get(partition)).toBe(endOffset);
        });
        expect(handler.faults).toEqual([]);
      }
    });

    spec('names its members to everybody, and nobody once they have left', async ({ log, store }) => {
      const members = async (groupId = 'group') => log.groupMembers({ topic: TOPIC.name, groupId });
      expect(await members()).toEqual([]);
      const one = await join(await store.open(), new FoldingHandler());
      await eventually(async () => expect(await members()).toEqual([expect.stringMatching(/process \d+| at \S+/)]));
      const two = await join(await store.open(), new FoldingHandler());
      await eventually(async () => expect(await members()).toHaveLength(2));
      expect(await members('another')).toEqual([]);
      await one.stop();
      await eventually(async () => expect(await members()).toHaveLength(1));
      await two.stop();
      await eventually(async () => expect(await members()).toEqual([]));
    });

    spec('does not disturb another group', async ({ log }) => {
      const handlers = [new FoldingHandler(), new FoldingHandler()] as const;
      await join(log, handlers[0], 'one');
      await join(log, handlers[1], 'two');
      await log.append(TOPIC.name, numbered(30));
      for (const handler of handlers) await eventually(() => expect(handler.records).toHaveLength(30));
    });
  });
}
