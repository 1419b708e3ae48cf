/** A reader of its own: all that was there first, then live. */
import { eventually } from '@watchnext/waiting/testing';
import { CollectingTail } from './handlers';
import { COMPACTED, type EventLogSuite, numbered, record, TOPIC } from './support';

export function describeTail({ spec }: EventLogSuite): void {
  describe('a tail', () => {
    spec('resolves with all that was there handled, and goes on live', async ({ log, store }) => {
      await log.append(TOPIC.name, numbered(50));
      const tail = new CollectingTail();
      const reader = await store.open();
      await eventually(async () =>
        expect((await reader.bounds(TOPIC.name)).reduce((n, b) => n + b.endOffset, 0)).toBe(50),
      );
      const subscription = await reader.tail(TOPIC.name, tail);
      expect(tail.records).toHaveLength(50);
      expect(subscription.assignedPartitions()).toEqual([0, 1, 2, 3]);
      await log.append(TOPIC.name, numbered(10, 'live'));
      await eventually(() => expect(tail.records).toHaveLength(60));
      await subscription.stop();
      await log.append(TOPIC.name, numbered(10, 'after'));
      expect(tail.texts().some((text) => text.startsWith('after'))).toBe(false);
    });

    spec('is given a rejected batch again', async ({ log }) => {
      await log.append(COMPACTED.name, [record('a', '1'), record('b', '2')]);
      const tail = new CollectingTail();
      tail.failures = 2;
      await log.tail(COMPACTED.name, tail);
      expect(tail.texts()).toEqual(['1', '2']);
      expect(tail.errors).toHaveLength(2);
    });

    spec('is told how far it has come, once that is handled, and begins where it is told to', async ({ log }) => {
      await log.append(COMPACTED.name, [record('a', '1'), record('b', '2')]);
      await log.append(COMPACTED.name, [record('a', '3')]);
      const tail = new CollectingTail();
      await log.tail(COMPACTED.name, tail);
      const later = Object.assign(new CollectingTail(), { firstOffset: () => 2 });
      await log.tail(COMPACTED.name, later);
      expect([tail.next, later.texts()]).toEqual([new Map([[0, 3]]), ['3']]);
    });

    spec(
      'that wants more than there is says so, and reads from the beginning: the log has lost its end',
      async ({ log }) => {
        await log.append(COMPACTED.name, [record('a', '1'), record('b', '2')]);
        const tail = Object.assign(new CollectingTail(), { firstOffset: () => 1_000 });
        await log.tail(COMPACTED.name, tail);
        expect(tail.texts()).toEqual(['1', '2']);
        expect(tail.errors).toEqual([expect.objectContaining({ code: 'offset-out-of-range' })]);
        await log.append(COMPACTED.name, [record('c', '3')]);
        await eventually(() => expect(tail.texts()).toEqual(['1', '2', '3']));
      },
    );

    spec('is alone: each reads everything', async ({ log }) => {
      await log.append(TOPIC.name, numbered(20));
      const tails = [new CollectingTail(), new CollectingTail()] as const;
      await Promise.all(tails.map((tail) => log.tail(TOPIC.name, tail)));
      for (const tail of tails) await eventually(() => expect(tail.records).toHaveLength(20));
    });
  });
}
