import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Thread, ThreadLostError } from '@watchnext/threads';
import { LogUnavailableError } from '../port';
import { LogStorage } from './log-storage';

describe('WriteThread', () => {
  let directory: string;
  let storage: LogStorage;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'watchnext-write-thread-'));
    storage = new LogStorage(directory);
    await storage.ensureTopics([{ name: 't.v1', partitionCount: 1 }]);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await storage.close();
    rmSync(directory, { recursive: true });
  });
  const append = (text: string) => storage.append('t.v1', [{ key: 'k', value: Buffer.from(text) }]);
  const texts = () => storage.read('t.v1', 0, 0, 1_000).records.map(({ value }) => Buffer.from(value).toString());

  it('commits together what comes in while a commit waits, in the order of the calls', async () => {
    await append('first');
    const call = jest.spyOn(Thread.prototype, 'call');
    const early = append('early');
    // A turn later the thread has it, and the rest has to wait.
    await new Promise(setImmediate);
    const late = Array.from({ length: 50 }, (_, i) => append(`late ${i}`));
    await expect(early).resolves.toEqual([{ partition: 0, offset: 1 }]);
    expect((await Promise.all(late)).map(([position]) => position!.offset)).toEqual(late.map((_, i) => i + 2));
    expect(call.mock.calls.filter(([name]) => name === 'write')).toHaveLength(2);
    expect(texts()).toEqual(['first', 'early', ...late.map((_, i) => `late ${i}`)]);
  });

  it('fails what a lost thread was to write, all of it, and goes on with another', async () => {
    await append('before');
    jest.spyOn(Thread.prototype, 'call').mockRejectedValueOnce(new ThreadLostError('of the spec'));
    const outcomes = await Promise.allSettled([append('a'), append('b')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((outcomes[0] as PromiseRejectedResult).reason).toBeInstanceOf(LogUnavailableError);
    await append('after');
    expect(texts()).toEqual(['before', 'after']);
  });

  it('writes nothing of what its caller gave up while a commit was under way', async () => {
    await append('first');
    const gone = new AbortController();
    const reason = new Error('the caller is gone');
    const givenUp = (text: string) => storage.append('t.v1', [{ key: 'k', value: Buffer.from(text) }], gone.signal);
    const early = givenUp('early');
    // A turn later the thread has it, and the rest has to wait.
    await new Promise(setImmediate);
    const [dropped, late] = [givenUp('dropped'), append('late')];
    gone.abort(reason);
    await expect(dropped).rejects.toBe(reason);
    await expect(early).resolves.toEqual([{ partition: 0, offset: 1 }]);
    await expect(late).resolves.toEqual([{ partition: 0, offset: 2 }]);
    expect(texts()).toEqual(['first', 'early', 'late']);
  });

  it('writes nothing of what its caller gave up while the thread began', async () => {
    const gone = new AbortController();
    const reason = new Error('the caller is gone');
    const dropped = storage.append('t.v1', [{ key: 'k', value: Buffer.from('dropped') }], gone.signal);
    await new Promise(setImmediate);
    gone.abort(reason);
    await expect(dropped).rejects.toBe(reason);
    await append('first');
    expect(texts()).toEqual(['first']);
  });

  it('waits for what was asked for when it closes', async () => {
    await append('first');
    const appended = append('last');
    await storage.close();
    await appended;
    storage = new LogStorage(directory);
    expect(texts()).toEqual(['first', 'last']);
  });
});
