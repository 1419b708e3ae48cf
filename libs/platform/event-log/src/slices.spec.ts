import fc from 'fast-check';
import { EventLogError, type NewRecord } from './port';
import { appendFitting, appendInSlices, bytesOf, slicesOf } from './slices';

const LIMIT_BYTES = 500_000;
const recordOf = (bytes: number): NewRecord => ({ key: 'k', value: new Uint8Array(bytes) });
const sizeOf = (slice: readonly NewRecord[]) => slice.reduce((sum, record) => sum + bytesOf(record), 0);

describe('slices of an append', () => {
  it('are none of nothing', () => {
    expect(slicesOf([])).toEqual([]);
  });

  it('hold all records in their order, none too much, none less than it could', () => {
    const sizes = fc.array(fc.oneof(fc.nat(1_000), fc.nat(300_000), fc.constant(800_000)), { maxLength: 40 });
    fc.assert(
      fc.property(sizes, (bytes) => {
        const records = bytes.map(recordOf);
        const slices = slicesOf(records);
        // By identity: they are the same records.
        expect(slices.flat().every((record, i) => record === records[i])).toBe(true);
        expect(slices.flat()).toHaveLength(records.length);
        for (const [i, slice] of slices.entries()) {
          if (slice.length > 1) expect(sizeOf(slice)).toBeLessThanOrEqual(LIMIT_BYTES);
          const next = slices[i + 1];
          if (next) expect(sizeOf([...slice, next[0] as NewRecord])).toBeGreaterThan(LIMIT_BYTES);
        }
      }),
      { seed: 4 },
    );
  });

  it('count what stands beside the value', () => {
    const headers = { traceparent: 'x'.repeat(1_000) };
    expect(bytesOf({ ...recordOf(10), headers }) - bytesOf(recordOf(10))).toBe('traceparent'.length + 1_000);
  });

  it('are appended one after the other, and none after one that failed', async () => {
    const appended: number[] = [];
    const log = {
      append: async (_topic: string, records: readonly NewRecord[]) => {
        if (appended.length === 2) throw new Error('no more');
        appended.push(records.length);
        return [];
      },
    };
    const records = Array.from({ length: 20 }, () => recordOf(100_000));
    await expect(appendInSlices(log, 'topic', records)).rejects.toThrow('no more');
    expect(appended).toEqual([4, 4]);
  });
});

describe('an append of what fits', () => {
  const BROKER_LIMIT_BYTES = 100_000;
  const brokerWith = (written: NewRecord[]) => ({
    append: async (_topic: string, records: readonly NewRecord[]) => {
      if (sizeOf(records) > BROKER_LIMIT_BYTES) throw new EventLogError('too large', 'record-too-large', false);
      written.push(...records);
      return [];
    },
  });

  it('writes each of the others once, in order, and tells which were too large', async () => {
    const written: NewRecord[] = [];
    const records = [10, 60_000, 60_000, 120_000, 10, 900_000, 20].map(recordOf);
    const tooLarge = await appendFitting(brokerWith(written), 't', records);
    expect(tooLarge.map(({ value }) => value.length)).toEqual([120_000, 900_000]);
    expect(written.map((record) => records.indexOf(record))).toEqual([0, 1, 2, 4, 6]);
  });

  it('throws whatever else goes wrong', async () => {
    const log = { append: () => Promise.reject(new EventLogError('gone', 'log-unavailable', true)) };
    await expect(appendFitting(log, 't', [recordOf(1)])).rejects.toMatchObject({ code: 'log-unavailable' });
  });
});
