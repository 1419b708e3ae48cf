import type { KafkaMessage } from 'kafkajs';
import { bytesOf, MAX_READ_BYTES } from '../slices';
import { recordsOf } from './records-of';

const message = (offset: number, headerBytes = 0): KafkaMessage => ({
  offset: String(offset),
  timestamp: '5',
  attributes: 0,
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  headers: headerBytes > 0 ? { baggage: Buffer.alloc(headerBytes, 'x') } : {},
});
const batchesOf = (messages: KafkaMessage[], maxRecords: number) => [...recordsOf('t', 3, messages, maxRecords)];
const offsetsOf = (messages: KafkaMessage[], maxRecords: number) =>
  batchesOf(messages, maxRecords).map((records) => records.map(({ offset }) => offset));

describe('records of a fetch', () => {
  it('are what the port says, with the last of several values of a header', () => {
    const headers = { one: Buffer.from('1'), many: [Buffer.from('first'), Buffer.from('last')] };
    const common = { topic: 't', partition: 3, timestampMs: 5, value: Buffer.from('v') };
    expect(batchesOf([message(7), { ...message(8), key: null, headers } as KafkaMessage], 10)).toEqual([
      [
        { ...common, offset: 7, key: 'k' },
        { ...common, offset: 8, key: '', headers: { one: '1', many: 'last' } },
      ],
    ]);
  });

  it('come so many at a time as were asked for, and not at all where there are none', () => {
    const messages = Array.from({ length: 5 }, (_, i) => message(i));
    expect(offsetsOf(messages, 2)).toEqual([[0, 1], [2, 3], [4]]);
    expect(offsetsOf([], 2)).toEqual([]);
  });

  it('come fewer at a time where they weigh much, by their headers too', () => {
    const batches = batchesOf(
      Array.from({ length: 2_000 }, (_, i) => message(i, 10_000)),
      10_000,
    );
    expect(batches.flat().map(({ offset }) => offset)).toEqual(Array.from({ length: 2_000 }, (_, i) => i));
    expect(batches).toHaveLength(3);
    for (const records of batches)
      expect(records.reduce((sum, record) => sum + bytesOf(record), 0)).toBeLessThanOrEqual(MAX_READ_BYTES);
  });

  it('come alone where one is too heavy for any batch', () => {
    const messages = [message(0), message(1, MAX_READ_BYTES), message(2)];
    expect(offsetsOf(messages, 10)).toEqual([[0], [1], [2]]);
  });
});
