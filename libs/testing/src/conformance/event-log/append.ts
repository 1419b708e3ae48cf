/** What is written: where it lies, that it comes back as it was, and what is refused or given up. */
import { randomBytes } from 'node:crypto';
import { MAX_TIMESTAMP_AHEAD_MS, partitionOf } from '@watchnext/event-log';
import { eventually } from '@watchnext/waiting/testing';
import { CollectingTail } from './handlers';
import { type EventLogSuite, numbered, record, TOPIC } from './support';

export function describeAppend({ spec, options }: EventLogSuite): void {
  describe('append', () => {
    spec('puts a record where murmur2 of its key says, one offset after the other', async ({ log, store }) => {
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

    spec('tells each of many at once where its records lie, whichever partitions they share', async ({ log }) => {
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

    spec('gives back key, bytes and time as they were', async ({ log }) => {
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

    spec('refuses a time that lies further ahead than clocks differ, and what is appended with it', async ({ log }) => {
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

    spec('carries headers beside the value, and none where none were given', async ({ log }) => {
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
      spec('refuses for good what is too large, and nothing that is appended beside it', async ({ log }) => {
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

    spec('drops what its caller gave up before it was on its way', async ({ log }) => {
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

    spec('keeps each writer’s order when several write at once', async ({ log, store }) => {
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
}
