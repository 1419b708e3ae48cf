import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@watchnext/waiting/testing';
import type { EventLog } from '../port';
import { openEmbeddedEventLog } from './embedded-event-log';
import { pause } from './waiting';

jest.mock('./waiting', () => ({ ...jest.requireActual<object>('./waiting'), pause: jest.fn() }));

const TOPIC = 't.v1';
const RECORDS = 20;
/** Longer than Jest lets a test take: one that waits for its end fails. */
const LINGER_MS = 600_000;

const actual = jest.requireActual<typeof import('./waiting')>('./waiting');

describe('a group that lingers', () => {
  let directory: string;
  let log: EventLog;
  beforeEach(async () => {
    jest.mocked(pause).mockReset().mockImplementation(actual.pause);
    directory = mkdtempSync(join(tmpdir(), 'watchnext-lingering-'));
    log = openEmbeddedEventLog(directory);
    await log.ensureTopics([{ name: TOPIC, partitionCount: 1 }]);
  });
  afterEach(async () => {
    await log.close();
    rmSync(directory, { recursive: true });
  });

  /** Pauses of the group that began. */
  const lingered = () => jest.mocked(pause).mock.calls.filter(([milliseconds]) => milliseconds === LINGER_MS);
  const append = (from: number, to: number) =>
    log.append(
      TOPIC,
      Array.from({ length: to - from }, (_, i) => ({ key: 'k', value: Buffer.from([from + i]) })),
    );

  it('gets what comes during its pause in one batch', async () => {
    let endPause!: () => void;
    jest
      .mocked(pause)
      .mockImplementation((milliseconds, signal) =>
        milliseconds === LINGER_MS
          ? new Promise((resolve) => (endPause = resolve))
          : actual.pause(milliseconds, signal),
      );
    const batches: number[] = [];
    const subscription = await log.joinGroup(
      { topic: TOPIC, groupId: 'g', lingerMs: LINGER_MS },
      { resumeOffset: async () => undefined, onBatch: async ({ records }) => void batches.push(records.length) },
    );
    await append(0, 1);
    await eventually(() => lingered().length === 1, 'the pause after the first batch');
    for (let i = 1; i < RECORDS; i++) await append(i, i + 1);
    expect(batches).toEqual([1]);
    endPause();
    await eventually(() => lingered().length === 2, 'the pause after the second batch');
    expect(batches).toEqual([1, RECORDS - 1]);
    endPause();
    await subscription.stop();
  });

  it('gets what lies there already without a pause', async () => {
    await append(0, RECORDS);
    let lingeredBefore = 0;
    await new Promise<void>((resolve) => {
      void log.joinGroup(
        { topic: TOPIC, groupId: 'g', lingerMs: LINGER_MS, maxBatchRecords: 2 },
        {
          resumeOffset: async () => undefined,
          onBatch: async ({ nextOffset }) => {
            if (nextOffset < RECORDS) return;
            lingeredBefore = lingered().length;
            resolve();
          },
        },
      );
    });
    expect(lingeredBefore).toBe(0);
  });

  it('stops without waiting for the end of its pause', async () => {
    const subscription = await log.joinGroup(
      { topic: TOPIC, groupId: 'g', lingerMs: LINGER_MS },
      { resumeOffset: async () => undefined, onBatch: async () => undefined },
    );
    await append(0, 1);
    await eventually(() => lingered().length === 1, 'the pause');
    await subscription.stop();
  });
});
