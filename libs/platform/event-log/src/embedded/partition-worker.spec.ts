import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@watchnext/waiting/testing';
import { backOffMs } from '../back-off';
import type { EventLog } from '../port';
import { openEmbeddedEventLog } from './embedded-event-log';

jest.mock('../back-off', () => ({ backOffMs: jest.fn(() => 1) }));

const TOPIC = 't.v1';

describe('a partition whose handler fails', () => {
  let directory: string;
  let log: EventLog;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'watchnext-partition-worker-'));
    log = openEmbeddedEventLog(directory);
    await log.ensureTopics([{ name: TOPIC, partitionCount: 1 }]);
    jest.mocked(backOffMs).mockClear();
  });
  afterEach(async () => {
    await log.close();
    rmSync(directory, { recursive: true });
  });

  it('waits longer each time for what fails again, though all before it is handled in between', async () => {
    await log.append(
      TOPIC,
      Array.from({ length: 5 }, (_, i) => ({ key: 'k', value: Buffer.from([i]) })),
    );
    let failuresOf = new Map([
      [2, 3],
      [4, 1],
    ]);
    const handled: number[] = [];
    await log.joinGroup(
      { topic: TOPIC, groupId: 'g', maxBatchRecords: 1 },
      {
        resumeOffset: async () => 0,
        onBatch: async ({ records: [{ offset }] }) => {
          const left = failuresOf.get(offset) ?? 0;
          failuresOf = new Map(failuresOf).set(offset, left - 1);
          if (left > 0) throw new Error('disk full');
          handled.push(offset);
        },
      },
    );
    await eventually(() => handled.at(-1) === 4, 'all is handled');
    expect(jest.mocked(backOffMs).mock.calls.map(([failureCount]) => failureCount)).toEqual([0, 1, 2, 0]);
    expect(handled).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 2, 3, 0, 1, 2, 3, 4]);
  });
});
