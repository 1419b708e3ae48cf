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
  /** What the archive is asked for. */
  let askedCount: number;
  const bufferOn = (archivedTo: number) => {
    [written, askedCount] = [[], 0];
    const archive = {
      nextOffset: async () => {
        askedCount += 1;
        return archivedTo;
      },
      write: async (_topic: string, _partition: number, records: readonly LogRecord[]) =>
        void written.push(records.map(({ offset }) => offset)),
    } as Partial<EventArchive> as EventArchive;
    return new PartitionBuffer(archive, 't', 0, 10, 3_000, 1_000_000);
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
});
