import type { EventArchive } from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { PartitionBuffer } from './partition-buffer';

const record = (offset: number): LogRecord => ({
  topic: 't',
  partition: 0,
  offset,
  timestampMs: 0,
  key: 'k',
  value: Uint8Array.of(1),
});

describe('a partition on its way to the archive', () => {
  let written: number[][];
  let writtenRecords: LogRecord[];
  /** What the archive is asked for. */
  let askedCount: number;
  const bufferOn = (archivedTo: number, maxBytes = 1_000_000) => {
    [written, writtenRecords, askedCount] = [[], [], 0];
    const archive = {
      nextOffset: async () => {
        askedCount += 1;
        return archivedTo;
      },
      write: async (_topic: string, _partition: number, records: readonly LogRecord[]) => {
        written.push(records.map(({ offset }) => offset));
        writtenRecords.push(...records);
      },
    } as Partial<EventArchive> as EventArchive;
    return new PartitionBuffer(archive, 't', 0, 10, 3_000, maxBytes);
  };

  it('asks for nothing while this process goes on', async () => {
    const buffer = bufferOn(10);
    await buffer.add([record(10), record(11)], 12, 0);
    for (const nowMs of [1_000, 2_000, 3_000, 4_000]) await buffer.flushIfOld(nowMs);
    expect([written, askedCount]).toEqual([[[10, 11]], 0]);
  });

  it('writes after a pause only what another has not written meanwhile, who may have been rewritten since', async () => {
    const buffer = bufferOn(11);
    await buffer.add([record(10), record(11)], 12, 0);
    await buffer.flushIfOld(1_000);
    await buffer.flushIfOld(60_000);
    expect([written, askedCount]).toEqual([[[11]], 1]);
  });

  it('holds nothing of a record but what the archive stores', async () => {
    const buffer = bufferOn(10);
    const fetched = new Uint8Array(1_000_000).fill(7);
    const headers = { baggage: 'x'.repeat(10_000) };
    await buffer.add([{ ...record(10), headers, value: fetched.subarray(500, 700) }], 11, 0);
    await buffer.flush(0);
    expect(writtenRecords).toEqual([{ ...record(10), value: Buffer.alloc(200, 7) }]);
    // No more than the slab that small buffers share.
    expect(writtenRecords[0]?.value.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize);
  });

  it('is written when it is full, which small records make it as well', async () => {
    const buffer = bufferOn(10, 10_000);
    const small = Array.from({ length: 50 }, (_, i) => record(10 + i));
    for (const one of small) await buffer.add([one], one.offset + 1, 0);
    expect(written.length).toBeGreaterThan(0);
    expect(Math.max(...written.map(({ length }) => length))).toBeLessThan(40);
  });
});
