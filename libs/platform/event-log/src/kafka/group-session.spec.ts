/** What a session makes of batches that kafkajs passes over by itself, which it shows in its events alone; and of time. */
import { eventually } from '@watchnext/waiting/testing';
import { backOffMs } from '../back-off';
import type { RecordBatch } from '../port';
import { GroupSession } from './group-session';
import { newConsumer } from './kafka-clients';
import { KAFKA_DEFAULTS } from './kafka-settings';
import { PartitionWork } from './partition-work';

jest.mock('./kafka-clients', () => ({
  ...jest.requireActual('./kafka-clients'),
  newConsumer: jest.fn(),
  connect: jest.fn(),
}));

jest.mock('../back-off', () => ({ backOffMs: jest.fn() }));

const actual = jest.requireActual<typeof import('../back-off')>('../back-off');

const settle = () => new Promise((resolve) => setTimeout(resolve, 10));

describe('a session', () => {
  let listeners: Map<string, (event: { payload: unknown }) => void>;
  let sought: string[];
  let handed: Pick<RecordBatch, 'records' | 'nextOffset' | 'lag'>[];
  let failures: unknown[];
  let logStart: number;
  let commits: string[];
  let commitAnswer: () => Promise<void>;
  let refuse: (batch: RecordBatch) => void;
  let session: GroupSession;

  beforeEach(async () => {
    listeners = new Map();
    [sought, handed, failures, commits] = [[], [], [], []];
    commitAnswer = async () => undefined;
    refuse = () => undefined;
    jest.mocked(backOffMs).mockReset().mockImplementation(actual.backOffMs);
    logStart = 0;
    const client = {
      events: { HEARTBEAT: 'heartbeat', GROUP_JOIN: 'join', END_BATCH_PROCESS: 'end', CRASH: 'crash' },
      on: (name: string, listener: (event: { payload: unknown }) => void) => void listeners.set(name, listener),
      subscribe: async () => undefined,
      run: async () => undefined,
      commitOffsets: (offsets: { partition: number; offset: string }[]) => {
        commits.push(offsets.map(({ partition, offset }) => `${partition}:${offset}`).join());
        return commitAnswer();
      },
      pause: () => undefined,
      resume: () => undefined,
      seek: ({ offset }: { offset: string }) => void sought.push(offset),
    };
    jest.mocked(newConsumer).mockReturnValue({ client, close: async () => undefined } as never);
    const context = {
      settings: { ...KAFKA_DEFAULTS, brokers: [], namespace: '' } as never,
      brokerTopic: 't',
      brokerGroupId: 'g',
      bounds: async () => [{ partition: 0, firstOffset: logStart, endOffset: 1_000 }],
      work: new PartitionWork(),
      onSignOfLife: () => undefined,
    };
    session = new GroupSession(
      context,
      { topic: 't', groupId: 'g' },
      {
        resumeOffset: async () => 50,
        onBatch: async (batch) => {
          refuse(batch);
          const { records, nextOffset, lag } = batch;
          handed.push({ records, nextOffset, lag });
        },
        onError: (error) => void failures.push(error),
      },
    );
    await session.start();
    listeners.get('join')!({ payload: { memberAssignment: { t: [0] } } });
    await settle();
    expect(sought).toEqual(['50']);
  });
  afterEach(() => session.close(true));

  const passOver = async (firstOffset: string | null, lastOffset: string) => {
    listeners.get('end')!({ payload: { partition: 0, batchSize: 0, firstOffset, lastOffset, highWatermark: '200' } });
    await settle();
  };

  it('tells what lies where the partition goes on', async () => {
    await passOver('50', '51');
    await passOver('52', '52');
    expect(handed).toEqual([
      { records: [], nextOffset: 52, lag: 148 },
      { records: [], nextOffset: 53, lag: 147 },
    ]);
  });

  it('passes nothing over for a batch that was fetched before it was told where to go on', async () => {
    // From the offset that the group had committed, say: what lies before it has not been handled.
    await passOver('100', '100');
    expect([handed, sought]).toEqual([[], ['50', '50']]);
    await passOver('50', '50');
    expect(handed).toEqual([{ records: [], nextOffset: 51, lag: 149 }]);
  });

  it('believes in a hole that it meets again where it has sought', async () => {
    await passOver('60', '61');
    expect(handed).toEqual([]);
    await passOver('60', '61');
    await passOver(null, '62');
    await passOver('70', '70');
    expect(handed.map(({ nextOffset }) => nextOffset)).toEqual([62, 63, 71]);
  });

  it('takes no hole for one that retention made of what was next: that is told', async () => {
    await passOver('50', '50');
    logStart = 100;
    await passOver('100', '100');
    expect(handed.map(({ nextOffset }) => nextOffset)).toEqual([51]);
    expect(failures).toEqual([expect.objectContaining({ code: 'offsets-deleted' })]);
  });

  it('waits longer each time for what fails again, though all before it is handled in between', async () => {
    jest.mocked(backOffMs).mockReturnValue(1);
    let isFull = true;
    refuse = ({ nextOffset }) => {
      if (isFull && nextOffset === 53) throw new Error('disk full');
    };
    const handle = async () => {
      for (const offset of ['50', '51', '52']) await passOver(offset, offset);
    };
    for (let round = 0; round < 3; round++) await handle();
    const waits = () => jest.mocked(backOffMs).mock.calls.map(([failureCount]) => failureCount);
    expect(waits()).toEqual([0, 1, 2]);
    isFull = false;
    await handle();
    refuse = () => {
      throw new Error('another');
    };
    await passOver('53', '53');
    expect(waits()).toEqual([0, 1, 2, 0]);
  });

  it('goes back for nothing', async () => {
    await passOver('40', '49');
    expect([handed, sought]).toEqual([[], ['50']]);
  });

  it('commits where it stands after each join, though no records come', async () => {
    await eventually(() => commits.length > 0, 'a commit');
    expect(commits).toEqual(['0:50']);
  });

  it('commits again what could not be committed, unless it has gone on or has lost the partition', async () => {
    commitAnswer = async () => Promise.reject(new Error('REBALANCE_IN_PROGRESS'));
    await eventually(() => commits.length >= 2, 'two commits');
    await passOver('50', '51');
    await eventually(() => commits.includes('0:52'), 'another commit');
    commitAnswer = async () => undefined;
    const failedCount = commits.length;
    await eventually(() => commits.length > failedCount, 'a commit that works');
    expect(commits).toEqual([...commits].sort());
    expect([...new Set(commits), ...commits.slice(failedCount)]).toEqual(['0:50', '0:52', '0:52']);
    commitAnswer = async () => {
      listeners.get('join')!({ payload: { memberAssignment: { t: [] } } });
      throw new Error('ILLEGAL_GENERATION');
    };
    await passOver('52', '52');
    await eventually(() => commits.includes('0:53'), 'a commit that fails');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(commits.slice(failedCount)).toEqual(['0:52', '0:53']);
  });

  it('commits at its end what a commit under way could not', async () => {
    let fail!: (error: Error) => void;
    commitAnswer = () => new Promise((_, reject) => (fail = reject));
    await eventually(() => commits.length > 0, 'a commit');
    const closed = session.close(true);
    commitAnswer = async () => undefined;
    fail(new Error('REBALANCE_IN_PROGRESS'));
    await closed;
    expect(commits).toEqual(['0:50', '0:50']);
  });

  it('is not taken for stuck where the clock is set', async () => {
    const dayMs = 86_400_000;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + dayMs);
    const stuck = session.failed.then(() => 'stuck');
    // It looks once a second.
    expect(await Promise.race([stuck, new Promise((resolve) => setTimeout(() => resolve('well'), 1_500))])).toBe(
      'well',
    );
    clock.mockRestore();
  });
});
