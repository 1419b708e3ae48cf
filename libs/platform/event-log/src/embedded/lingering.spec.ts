import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '../port';
import { openEmbeddedEventLog } from './embedded-event-log';

const TOPIC = 't.v1';
const RECORDS = 20;
const LINGER_MS = 400;

describe('a group that lingers', () => {
  let directory: string;
  let log: EventLog;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'watchnext-lingering-'));
    log = openEmbeddedEventLog(directory);
    await log.ensureTopics([{ name: TOPIC, partitionCount: 1 }]);
  });
  afterEach(async () => {
    await log.close();
    rmSync(directory, { recursive: true });
  });

  /** @returns the sizes of the batches, of records that came one after the other */
  async function batchesOf(options: { lingerMs?: number; maxBatchRecords?: number }): Promise<number[]> {
    const batches: number[] = [];
    let all!: () => void;
    const done = new Promise<void>((resolve) => (all = resolve));
    await log.joinGroup(
      { topic: TOPIC, groupId: 'g', ...options },
      {
        resumeOffset: async () => undefined,
        onBatch: async ({ records, nextOffset }) => {
          batches.push(records.length);
          if (nextOffset === RECORDS) all();
        },
      },
    );
    for (let i = 0; i < RECORDS; i++) {
      await log.append(TOPIC, [{ key: 'k', value: Buffer.from([i]) }]);
      await sleep(5);
    }
    await done;
    return batches;
  }

  it('gets all records, in few batches', async () => {
    const batches = await batchesOf({ lingerMs: LINGER_MS });
    expect(batches.reduce((sum, size) => sum + size)).toBe(RECORDS);
    expect(batches.length).toBeLessThan(RECORDS / 2);
  });

  it('gets what lies there already without a pause', async () => {
    await log.append(
      TOPIC,
      Array.from({ length: RECORDS }, (_, i) => ({ key: 'k', value: Buffer.from([i]) })),
    );
    const startedAt = performance.now();
    await new Promise<void>((resolve) => {
      void log.joinGroup(
        { topic: TOPIC, groupId: 'g', lingerMs: 60_000, maxBatchRecords: 2 },
        {
          resumeOffset: async () => undefined,
          onBatch: async ({ nextOffset }) => {
            if (nextOffset === RECORDS) resolve();
          },
        },
      );
    });
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });

  it('stops without waiting for the end of its pause', async () => {
    const batches: number[] = [];
    const subscription = await log.joinGroup(
      { topic: TOPIC, groupId: 'g', lingerMs: 60_000 },
      { resumeOffset: async () => undefined, onBatch: async ({ records }) => void batches.push(records.length) },
    );
    await log.append(TOPIC, [{ key: 'k', value: Buffer.from([1]) }]);
    while (batches.length === 0) await sleep(5);
    const startedAt = performance.now();
    await subscription.stop();
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });
});
