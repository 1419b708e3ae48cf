import { RecordPoll } from './record-poll';

/** Ends that others move on between two refreshes, as other processes do. */
class ScriptedEnds {
  readonly written = new Map<number, number>();
  looks = 0;
  failure: Error | undefined;
  private visible = new Map<number, number>();

  refresh(): void {
    this.looks++;
    if (this.failure) throw this.failure;
    this.visible = new Map(this.written);
  }

  endOf(_: number, partition: number): number {
    return this.visible.get(partition) ?? 0;
  }
}

const place = (partition: number, fromOffset: number) => ({ topicId: 1, partition, fromOffset });

describe('RecordPoll', () => {
  const ends = () => new ScriptedEnds();
  const signal = new AbortController().signal;
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  /** Runs timers for so long. @returns whether the wait ended meanwhile */
  async function endsWithin(waiting: Promise<void>, ms: number): Promise<boolean> {
    let hasEnded = false;
    void waiting.then(() => (hasEnded = true));
    await jest.advanceTimersByTimeAsync(ms);
    return hasEnded;
  }

  it('wakes who waits for a partition that another process appends to, and nobody else', async () => {
    const log = ends();
    const poll = new RecordPoll(log);
    const [first, second] = [poll.wait([place(0, 3)], signal), poll.wait([place(1, 7), place(2, 7)], signal)];
    log.written.set(0, 3).set(2, 8);
    expect(await endsWithin(second, 10)).toBe(true);
    expect(await endsWithin(first, 100)).toBe(false);
    log.written.set(0, 4);
    expect(await endsWithin(first, 60)).toBe(true);
  });

  it('looks once for all who wait, and not at all where nobody does', async () => {
    const log = ends();
    const poll = new RecordPoll(log);
    const alone = new RecordPoll(log);
    void alone.wait([place(0, 0)], signal);
    await jest.advanceTimersByTimeAsync(500);
    const ofOne = log.looks;
    log.looks = 0;
    for (let partition = 0; partition < 8; partition++) void poll.wait([place(partition, 0)], signal);
    // The other one is at its longest interval by now.
    await jest.advanceTimersByTimeAsync(500);
    expect(log.looks).toBeLessThanOrEqual(ofOne + 12);
    await jest.advanceTimersByTimeAsync(1_000);
    log.looks = 0;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(log.looks).toBe(0);
  });

  it('looks more often again once it found something', async () => {
    const log = ends();
    const poll = new RecordPoll(log);
    void poll.wait([place(1, 0)], signal);
    await jest.advanceTimersByTimeAsync(900);
    log.written.set(0, 1);
    await endsWithin(poll.wait([place(0, 0)], signal), 60);
    log.looks = 0;
    void poll.wait([place(0, 1)], signal);
    await jest.advanceTimersByTimeAsync(50);
    expect(log.looks).toBeGreaterThan(3);
  });

  it('wakes at once where this handle has appended', async () => {
    const log = ends();
    const poll = new RecordPoll(log);
    const waiting = poll.wait([place(0, 0)], signal);
    log.written.set(0, 1);
    poll.look();
    expect(await endsWithin(waiting, 0)).toBe(true);
  });

  it('lets go of who waits after a second, and with an abort', async () => {
    const poll = new RecordPoll(ends());
    const leaving = new AbortController();
    const [staying, left] = [poll.wait([place(0, 0)], signal), poll.wait([place(0, 0)], leaving.signal)];
    leaving.abort();
    expect(await endsWithin(left, 0)).toBe(true);
    expect(await endsWithin(staying, 900)).toBe(false);
    expect(await endsWithin(staying, 200)).toBe(true);
    expect(await endsWithin(poll.wait([place(0, 0)], leaving.signal), 0)).toBe(true);
  });

  it('tells all who wait of a look that failed, and goes on for those who come after', async () => {
    const log = ends();
    const poll = new RecordPoll(log);
    log.failure = new Error('closed');
    const waiting = [poll.wait([place(0, 0)], signal), poll.wait([place(1, 0)], signal)];
    const failed = Promise.all(waiting.map((one) => expect(one).rejects.toThrow('closed')));
    await jest.advanceTimersByTimeAsync(10);
    await failed;
    log.failure = undefined;
    log.written.set(0, 1);
    expect(await endsWithin(poll.wait([place(0, 0)], signal), 60)).toBe(true);
  });
});
