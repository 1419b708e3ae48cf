import type { GroupHandler, LogRecord } from '@watchnext/event-log';
import { FollowedOffsets } from './followed-offsets';

const batch = (from: number, to: number, lag = 0) => ({
  topic: 't',
  partition: 0,
  records: Array.from({ length: to - from }, (_, i) => ({ topic: 't', partition: 0, offset: from + i }) as LogRecord),
  nextOffset: to,
  lag,
  signal: new AbortController().signal,
});

const logOf = (firstOffset: number, endOffset: number) => ({
  bounds: async () => [{ partition: 0, firstOffset, endOffset }],
});

const followed: FollowedOffsets[] = [];
afterEach(() => followed.splice(0).forEach((one) => one.stop()));

function follow(...args: ConstructorParameters<typeof FollowedOffsets>): FollowedOffsets {
  const offsets = new FollowedOffsets(...args);
  followed.push(offsets);
  return offsets;
}

const handler = (inner: Partial<GroupHandler> = {}): GroupHandler => ({
  resumeOffset: async () => 10,
  onBatch: async () => undefined,
  ...inner,
});

describe('the offsets of a group', () => {
  it('lag by what the log holds and was not worked off, also where nothing moves', async () => {
    const offsets = follow(logOf(0, 100), 't', 'those given');
    const group = offsets.over(handler());
    await offsets.readEnds();
    expect(offsets.lag()).toEqual([]);
    await group.resumeOffset(0);
    expect(offsets.lag()).toEqual([[0, 90]]);
    await group.onBatch(batch(10, 30, 70));
    expect(offsets.lag()).toEqual([[0, 70]]);
    await group.onBatch(batch(100, 100));
    expect(offsets.lag()).toEqual([[0, 0]]);
    await group.onRevoked!(0);
    expect(offsets.lag()).toEqual([]);
  });

  it('know of a batch how far the log goes by now, and of one that failed that it is still to be done', async () => {
    const offsets = follow(logOf(0, 15), 't', 'those given');
    const group = offsets.over(handler({ onBatch: () => Promise.reject(new Error('store is down')) }));
    await offsets.readEnds();
    await group.resumeOffset(0);
    await expect(group.onBatch(batch(10, 20, 5))).rejects.toThrow('store is down');
    expect(offsets.lag()).toEqual([[0, 15]]);
  });

  it('do not lag by what the log no longer holds', async () => {
    const offsets = follow(logOf(80, 100), 't', 'those given');
    await offsets.over(handler({ resumeOffset: async () => undefined })).resumeOffset(0);
    await offsets.readEnds();
    expect(offsets.lag()).toEqual([[0, 20]]);
  });

  it('lag by all that the log holds while it cannot be found out where to go on', async () => {
    const offsets = follow(logOf(80, 100), 't', 'those given');
    const resumeOffset = jest.fn((): Promise<number> => Promise.reject(new Error('the store is down')));
    const group = offsets.over(handler({ resumeOffset }));
    await expect(group.resumeOffset(0)).rejects.toThrow('the store is down');
    await offsets.readEnds();
    expect(offsets.lag()).toEqual([[0, 20]]);
    resumeOffset.mockResolvedValue(95);
    await group.resumeOffset(0);
    expect(offsets.lag()).toEqual([[0, 5]]);
    // A fresh question, as after a batch that failed, does not make it look as if all were to be done again.
    resumeOffset.mockReturnValue(new Promise(() => {}));
    void group.resumeOffset(0);
    expect(offsets.lag()).toEqual([[0, 5]]);
  });

  it('do not lag in a partition that was given up while it was asked where to go on', async () => {
    let answer: (offset: number) => void = () => undefined;
    const offsets = follow({ bounds: async () => [] }, 't', 'those given');
    const group = offsets.over(handler({ resumeOffset: () => new Promise((resolve) => (answer = resolve)) }));
    const resumed = group.resumeOffset(0);
    await group.onRevoked!(0);
    answer(10);
    await resumed;
    expect(offsets.lag()).toEqual([]);
  });

  it('ask a log that hangs only once', async () => {
    const bounds = jest.fn(() => new Promise<never>(() => {}));
    const offsets = follow({ bounds }, 't', 'those given');
    for (let i = 0; i < 3; i++) void offsets.readEnds();
    expect(bounds).toHaveBeenCalledTimes(1);
  });
});

describe('the offsets of all partitions', () => {
  it('lag by what was there before the first record came', async () => {
    const bounds = async () => [
      { partition: 0, firstOffset: 2, endOffset: 7 },
      { partition: 1, firstOffset: 0, endOffset: 3 },
    ];
    const offsets = follow({ bounds }, 't', 'all');
    await offsets.readEnds();
    offsets.handled(0, 6);
    expect(offsets.lag()).toEqual([
      [0, 1],
      [1, 3],
    ]);
  });

  it('lag by those that are about to be given back', async () => {
    const offsets = follow(logOf(0, 100), 't', 'all');
    const group = offsets.over(handler());
    await group.resumeOffset(0);
    await group.onRevoked!(0);
    await offsets.readEnds();
    expect(offsets.lag()).toEqual([[0, 90]]);
  });
});
