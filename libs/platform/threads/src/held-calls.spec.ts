import { HeldCalls } from './held-calls';

/** Calls that end when they are told to. */
function calls() {
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const call = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      begun.push(name);
      ends.set(name, (error) => (error ? reject(error) : resolve(name)));
    });
  const turn = () => new Promise(setImmediate);
  return { begun, call, turn, end: (name: string, error?: Error) => ends.get(name)!(error) };
}

describe('held calls', () => {
  it('are made in the order in which they came, two at once', async () => {
    const { begun, call, turn, end } = calls();
    const held = new HeldCalls();
    const results = ['a', 'b', 'c', 'd'].map((name) => held.run(call(name)));
    await turn();
    expect(begun).toEqual(['a', 'b']);
    expect(held.waitingCount).toBe(2);
    end('b');
    await turn();
    expect(begun).toEqual(['a', 'b', 'c']);
    end('a', new Error('failed'));
    await expect(results[0]).rejects.toThrow('failed');
    await turn();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    end('c');
    end('d');
    expect(await Promise.all(results.slice(1))).toEqual(['b', 'c', 'd']);
  });

  it('whose caller has gone are never made, and hold nobody up', async () => {
    const { begun, call, turn, end } = calls();
    const held = new HeldCalls(1);
    const gone = new AbortController();
    const reason = new Error('the caller hung up');
    const first = held.run(call('first'), gone.signal);
    const dropped = held.run(call('dropped'), gone.signal);
    const last = held.run(call('last'));
    gone.abort(reason);
    await expect(dropped).rejects.toBe(reason);
    await expect(held.run(call('late'), gone.signal)).rejects.toBe(reason);
    end('first');
    // It was under way: its answer comes.
    expect(await first).toBe('first');
    await turn();
    expect(begun).toEqual(['first', 'last']);
    end('last');
    expect(await last).toBe('last');
  });
});
