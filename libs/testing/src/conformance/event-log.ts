/**
 * What every driver of the event log must do. Nothing here counts on seeing another handle's write at once, on a
 * moment of rebalancing, or on how records are cut into batches.
 */
import { randomBytes } from 'node:crypto';
import {
  appendInSlices,
  bytesOf,
  MAX_READ_BYTES,
  MAX_TIMESTAMP_AHEAD_MS,
  partitionOf,
  type EventLog,
  type NewRecord,
  type Subscription,
} from '@watchnext/event-log';
import { eventually } from '@watchnext/waiting/testing';
import { CollectingTail, FoldingHandler } from './event-log-handlers';
import { TEST_LIMIT_MS } from '../test-limit';

/** One log, empty at first, for one test. */
export interface EventLogUnderTest {
  /** A handle of its own, as another process would have it; closed by `dispose` if the test has not. */
  open(): Promise<EventLog>;
  dispose(): Promise<void>;
}

export interface EventLogConformanceOptions {
  /** Superseded records of a compacted topic are gone as soon as the newer one is written. */
  readonly compactsAtOnce: boolean;
  /** More than the log takes in one record; undefined: it takes any. */
  readonly tooLargeBytes?: number;
}

const TOPIC = { name: 'conformance.plain.v1', partitionCount: 4 };
const COMPACTED = { name: 'conformance.compacted.v1', partitionCount: 1, compacted: true };

const record = (key: string, value: string, timestampMs?: number): NewRecord => ({
  key,
  value: Buffer.from(value),
  ...(timestampMs === undefined ? {} : { timestampMs }),
});
const numbered = (count: number, prefix = 'r'): NewRecord[] =>
  Array.from({ length: count }, (_, i) => record(`user-${i % 13}`, `${prefix}${i}`));

/** Declares the suite for a driver. */
export function describeEventLog(
  driver: string,
  create: () => Promise<EventLogUnderTest>,
  options: EventLogConformanceOptions,
): void {
  describe(`event log conformance: ${driver}`, () => {
    let store: EventLogUnderTest;
    let log: EventLog;
    beforeEach(async () => {
      store = await create();
      log = await store.open();
      await log.ensureTopics([TOPIC, COMPACTED]);
    }, TEST_LIMIT_MS);
    afterEach(() => store.dispose(), TEST_LIMIT_MS);

    const spec = (name: string, body: () => Promise<void>) => it(name, body, TEST_LIMIT_MS);

    describe('topics', () => {
      spec('exist once, however many handles create them', async () => {
        const others = await Promise.all([store.open(), store.open()]);
        await Promise.all(
          [log, ...others].map((handle) => handle.ensureTopics([TOPIC, { name: 'late.v1', partitionCount: 3 }])),
        );
        for (const handle of others) expect(await handle.partitionCount('late.v1')).toBe(3);
      });

      spec('refuse another number of partitions', async () => {
        await expect(log.ensureTopics([{ ...TOPIC, partitionCount: 5 }])).rejects.toMatchObject({
          code: 'topic-mismatch',
          wantedPartitionCount: 5,
          actualPartitionCount: 4,
        });
        expect(await log.partitionCount(TOPIC.name)).toBe(4);
      });

      spec('must exist before use', async () => {
        const unknown = { code: 'unknown-topic', topic: 'nowhere.v1' };
        await expect(log.partitionCount('nowhere.v1')).rejects.toMatchObject(unknown);
        await expect(log.append('nowhere.v1', [record('k', 'v')])).rejects.toMatchObject(unknown);
        await expect(log.bounds('nowhere.v1')).rejects.toMatchObject(unknown);
        await expect(log.tail('nowhere.v1', new CollectingTail())).rejects.toMatchObject(unknown);
        await expect(log.joinGroup({ topic: 'nowhere.v1', groupId: 'g' }, new FoldingHandler())).rejects.toMatchObject(
          unknown,
        );
      });
    });

    describe('append', () => {
      spec('puts a record where murmur2 of its key says, one offset after the other', async () => {
        const records = numbered(100);
        const positions = await log.append(TOPIC.name, records);
        const next = [0, 0, 0, 0];
        records.forEach(({ key }, i) => {
          const partition = partitionOf(key, 4);
          expect(positions[i]).toEqual({ partition, offset: next[partition]++ });
        });
        const reader = await store.open();
        await eventually(async () => {
          const expected = next.map((endOffset, partition) => ({ partition, firstOffset: 0, endOffset }));
          expect(await reader.bounds(TOPIC.name)).toEqual(expected);
        });
      });

      spec('tells each of many at once where its records lie, whichever partitions they share', async () => {
        const calls = Array.from({ length: 40 }, (_, call) =>
          Array.from({ length: 1 + (call % 5) }, (_, i) => record(`user-${(call * 7 + i) % 13}`, `${call}:${i}`)),
        );
        const positions = await Promise.all(calls.map((records) => log.append(TOPIC.name, records)));
        const tail = new CollectingTail();
        await log.tail(TOPIC.name, tail);
        const texts = new Map(
          tail.records.map((one) => [`${one.partition}-${one.offset}`, Buffer.from(one.value).toString()]),
        );
        expect(texts.size).toBe(calls.flat().length);
        for (const [call, records] of calls.entries()) {
          expect(positions[call]?.map(({ partition, offset }) => texts.get(`${partition}-${offset}`))).toEqual(
            records.map((_, i) => `${call}:${i}`),
          );
        }
      });

      spec('gives back key, bytes and time as they were', async () => {
        const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
        await log.append(TOPIC.name, [{ key: 'zoë 😀', value: bytes, timestampMs: 1_650_000_000_123 }]);
        await log.append(TOPIC.name, [{ key: 'empty', value: new Uint8Array() }]);
        const tail = new CollectingTail();
        await log.tail(TOPIC.name, tail);
        const [first] = tail.records.filter(({ key }) => key === 'zoë 😀');
        expect(first).toMatchObject({ topic: TOPIC.name, timestampMs: 1_650_000_000_123, offset: 0 });
        expect(Buffer.from(first?.value ?? []).equals(Buffer.from(bytes))).toBe(true);
        expect(tail.records.find(({ key }) => key === 'empty')?.value).toHaveLength(0);
      });

      spec('refuses a time that lies further ahead than clocks differ, and what is appended with it', async () => {
        const now = Date.now();
        const ahead = [record('k', 'with it'), record('k', 'ahead', now + MAX_TIMESTAMP_AHEAD_MS + 60_000)];
        await expect(log.append(TOPIC.name, ahead)).rejects.toMatchObject({
          code: 'timestamp-ahead',
          message: expect.stringContaining(`${now + MAX_TIMESTAMP_AHEAD_MS + 60_000} ms`) as string,
          retriable: false,
        });
        await log.append(TOPIC.name, [record('k', 'by a fast clock', now + MAX_TIMESTAMP_AHEAD_MS / 2)]);
        const tail = new CollectingTail();
        await log.tail(TOPIC.name, tail);
        expect(tail.records.map(({ value }) => Buffer.from(value).toString())).toEqual(['by a fast clock']);
      });

      spec('carries headers beside the value, and none where none were given', async () => {
        const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'x-ünï': '😀' };
        await log.append(TOPIC.name, [{ key: 'zoë 😀', value: Buffer.from('with'), headers }]);
        await log.append(TOPIC.name, [record('k', 'without')]);
        const tail = new CollectingTail();
        await log.tail(TOPIC.name, tail);
        const byText = new Map(tail.records.map((one) => [Buffer.from(one.value).toString(), one]));
        expect(byText.get('with')).toMatchObject({ key: 'zoë 😀', headers });
        expect(byText.get('without')).toMatchObject({ key: 'k' });
        expect('headers' in (byText.get('without') as object)).toBe(false);
      });

      const { tooLargeBytes } = options;
      if (tooLargeBytes !== undefined)
        spec('refuses for good what is too large, and nothing that is appended beside it', async () => {
          const large = { key: 'same', value: randomBytes(tooLargeBytes) };
          const outcomes = await Promise.allSettled(
            [record('same', 'before'), large, record('same', 'after')].map((one) => log.append(TOPIC.name, [one])),
          );
          expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
          expect(outcomes[1]).toMatchObject({ reason: { code: 'record-too-large', retriable: false } });
          const tail = new CollectingTail();
          await log.tail(TOPIC.name, tail);
          expect(tail.texts()).toEqual(['before', 'after']);
        });

      spec('drops what its caller gave up before it was on its way', async () => {
        const reason = new Error('the caller is gone');
        await log.append(TOPIC.name, [record('same', 'first')], new AbortController().signal);
        const dropped = log.append(TOPIC.name, [record('same', 'dropped')], AbortSignal.abort(reason));
        await expect(dropped).rejects.toBe(reason);
        // One that is given up while it waits behind others is dropped or written whole, and says which.
        const gone = new AbortController();
        const others = numbered(20).map((one) => log.append(TOPIC.name, [one]));
        const waiting = log.append(TOPIC.name, [record('same', 'waiting')], gone.signal);
        await new Promise(setImmediate);
        gone.abort(reason);
        const [outcome] = await Promise.allSettled([waiting]);
        await Promise.all(others);
        const tail = new CollectingTail();
        await log.tail(TOPIC.name, tail);
        if (outcome.status === 'rejected') expect(outcome.reason).toBe(reason);
        expect(tail.texts().filter((text) => !text.startsWith('r'))).toEqual(
          outcome.status === 'fulfilled' ? ['first', 'waiting'] : ['first'],
        );
      });

      spec('keeps each writer’s order when several write at once', async () => {
        const writers = [log, await store.open(), await store.open()];
        await Promise.all(
          writers.map(async (writer, w) => {
            for (let i = 0; i < 10; i++)
              await writer.append(TOPIC.name, [record('same', `${w}:${i * 2}`), record('same', `${w}:${i * 2 + 1}`)]);
          }),
        );
        const tail = new CollectingTail();
        await log.tail(TOPIC.name, tail);
        expect(tail.records.map(({ offset }) => offset)).toEqual(Array.from({ length: 60 }, (_, i) => i));
        for (let w = 0; w < 3; w++) {
          const own = tail.texts().filter((text) => text.startsWith(`${w}:`));
          expect(own).toEqual(Array.from({ length: 20 }, (_, i) => `${w}:${i}`));
        }
      });
    });

    describe('a group', () => {
      const join = (handle: EventLog, handler: FoldingHandler, groupId = 'group'): Promise<Subscription> =>
        handle.joinGroup({ topic: TOPIC.name, groupId, maxBatchRecords: 10 }, handler);

      spec('gets every record in order, in bounded batches that never overlap', async () => {
        await log.append(TOPIC.name, numbered(100));
        const handler = new FoldingHandler();
        await join(await store.open(), handler);
        await log.append(TOPIC.name, numbered(100, 'live'));
        await eventually(() => expect(handler.records).toHaveLength(200));
        expect(handler.faults).toEqual([]);
        expect(handler.largestBatch).toBeLessThanOrEqual(10);
        expect(handler.lagOf(partitionOf('user-0', 4))).toBe(0);
      });

      spec('gets batches of bounded weight, whatever lies beside the values', async () => {
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

      spec('begins where the handler says', async () => {
        await log.append(TOPIC.name, numbered(100));
        const partition = partitionOf('user-0', 4);
        const handler = new FoldingHandler();
        handler.marks.next.set(partition, 5);
        await join(log, handler);
        const ends = await log.bounds(TOPIC.name);
        await eventually(() => expect(handler.marks.next.get(partition)).toBe(ends[partition]?.endOffset));
        expect(handler.records.find((r) => r.partition === partition)?.offset).toBe(5);
      });

      spec('hears of an offset beyond the end, and goes on once the handler knows better', async () => {
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

      spec('is given a failed batch again from a fresh resume offset', async () => {
        await log.append(TOPIC.name, [record('k', '0'), record('k', '1'), record('k', '2')]);
        const handler = new FoldingHandler();
        handler.failBeforeFolding = 2;
        await join(log, handler);
        await eventually(() => expect(handler.texts()).toEqual(['0', '1', '2']));
        expect(handler.errors.map(({ message }) => message)).toEqual(['told to fail', 'told to fail']);
        expect(handler.errorPartitions).toEqual([partitionOf('k', 4), partitionOf('k', 4)]);
        expect(handler.resumeCalls.filter((p) => p === partitionOf('k', 4)).length).toBe(3);
      });

      spec('shares its partitions among its members, and each record is folded once', async () => {
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

      spec('hands a stopped member’s partitions to the others after its last batch', async () => {
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

      spec('is told how far it has come: in the end to where the next record will lie', async () => {
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

      spec('does not disturb another group', async () => {
        const handlers = [new FoldingHandler(), new FoldingHandler()] as const;
        await join(log, handlers[0], 'one');
        await join(log, handlers[1], 'two');
        await log.append(TOPIC.name, numbered(30));
        for (const handler of handlers) await eventually(() => expect(handler.records).toHaveLength(30));
      });
    });

    describe('a tail', () => {
      spec('resolves with all that was there handled, and goes on live', async () => {
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

      spec('is given a rejected batch again', async () => {
        await log.append(COMPACTED.name, [record('a', '1'), record('b', '2')]);
        const tail = new CollectingTail();
        tail.failures = 2;
        await log.tail(COMPACTED.name, tail);
        expect(tail.texts()).toEqual(['1', '2']);
        expect(tail.errors).toHaveLength(2);
      });

      spec('is told how far it has come, once that is handled, and begins where it is told to', async () => {
        await log.append(COMPACTED.name, [record('a', '1'), record('b', '2')]);
        await log.append(COMPACTED.name, [record('a', '3')]);
        const tail = new CollectingTail();
        await log.tail(COMPACTED.name, tail);
        const later = Object.assign(new CollectingTail(), { firstOffset: () => 2 });
        await log.tail(COMPACTED.name, later);
        expect([tail.next, later.texts()]).toEqual([new Map([[0, 3]]), ['3']]);
      });

      spec('is alone: each reads everything', async () => {
        await log.append(TOPIC.name, numbered(20));
        const tails = [new CollectingTail(), new CollectingTail()] as const;
        await Promise.all(tails.map((tail) => log.tail(TOPIC.name, tail)));
        for (const tail of tails) await eventually(() => expect(tail.records).toHaveLength(20));
      });
    });

    describe('a compacted topic', () => {
      spec('keeps the newest record of every key, and its offsets go on rising', async () => {
        for (let i = 0; i < 10; i++) await log.append(COMPACTED.name, [record(`v${i % 3}`, String(i))]);
        const tail = new CollectingTail();
        await log.tail(COMPACTED.name, tail);
        const newest = new Map(tail.records.map(({ key, value }) => [key, Buffer.from(value).toString()]));
        expect(newest).toEqual(
          new Map([
            ['v0', '9'],
            ['v1', '7'],
            ['v2', '8'],
          ]),
        );
        expect((await log.bounds(COMPACTED.name))[0]?.endOffset).toBe(10);
        if (options.compactsAtOnce) expect(tail.records.map(({ offset }) => offset)).toEqual([7, 8, 9]);
      });

      spec('keeps the newest of a key that one call names twice', async () => {
        await log.append(COMPACTED.name, [record('v', 'old'), record('v', 'new')]);
        const tail = new CollectingTail();
        await log.tail(COMPACTED.name, tail);
        expect(tail.texts().at(-1)).toBe('new');
      });
    });

    spec('is there again after all handles were closed', async () => {
      await log.append(TOPIC.name, numbered(20));
      await log.close();
      const reopened = await store.open();
      const tail = new CollectingTail();
      await reopened.tail(TOPIC.name, tail);
      expect(tail.records).toHaveLength(20);
    });

    spec('stops its subscriptions when closed', async () => {
      const handler = new FoldingHandler();
      const handle = await store.open();
      const subscription = await handle.joinGroup({ topic: TOPIC.name, groupId: 'closing' }, handler);
      await handle.close();
      expect(subscription.assignedPartitions()).toEqual([]);
      await expect(handle.append(TOPIC.name, [record('k', 'v')])).rejects.toMatchObject({ code: 'closed' });
    });
  });
}
