import { eventually } from '@watchnext/waiting/testing';
import { Loaded, PointedStore } from '../test/pointed-store';
import type { SnapshotStore } from './port';
import { SnapshotHolder, type SnapshotHolderOptions } from './snapshot-holder';

/** A promise that a test resolves when it likes. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('a snapshot holder', () => {
  let store: PointedStore;
  let loaded: Loaded[];
  let log: string[];
  const holders: SnapshotHolder<Loaded>[] = [];
  const make = (options: Partial<SnapshotHolderOptions<Loaded>> = {}) => {
    const holder = new SnapshotHolder<Loaded>({
      store: store as unknown as SnapshotStore,
      load: async ({ snapshotId }) => {
        const one = new Loaded(snapshotId);
        loaded.push(one);
        return one;
      },
      pollSeconds: 3_600,
      callbacks: {
        onCurrent: (id, previous) => log.push(`current ${id} after ${previous ?? 'none'}`),
        onRefused: (id, error, attempt) =>
          log.push(`refused ${id} (${(error as { code?: string }).code ?? error.message}), ${attempt}`),
        onReleased: (id) => log.push(`released ${id}`),
        onPointerUnreadable: (error) => log.push(`pointer: ${error.message}`),
        onError: (error) => log.push(`error ${error.message}`),
      },
      ...options,
    });
    holders.push(holder);
    return holder;
  };
  const moveTo = async (holder: SnapshotHolder<Loaded>, ...ids: string[]) => {
    for (const id of ids) {
      store.pointer = id;
      await holder.refresh();
    }
  };
  const until = (holds: () => boolean) => eventually(holds, String(holds));
  const find = (id: string) => loaded.find((one) => one.id === id) as Loaded;

  beforeEach(() => {
    store = new PointedStore();
    loaded = [];
    log = [];
  });
  afterEach(() => Promise.all(holders.splice(0).map((holder) => holder.close())));

  it('says that it holds nothing yet', async () => {
    const holder = make();
    await holder.start();
    await expect(holder.use(undefined, () => 1)).rejects.toMatchObject({ code: 'no-snapshot', retriable: true });
    await expect(holder.use('a', () => 1)).rejects.toMatchObject({
      code: 'snapshot-not-held',
      retriable: false,
      heldIds: [],
    });
    expect(holder.currentId()).toBeUndefined();
  });

  it('loads what the pointer names, and lends it', async () => {
    store.pointer = 'a';
    const holder = make();
    await holder.start();
    expect(await holder.use(undefined, (value, id) => [value.id, id])).toEqual(['a', 'a']);
    expect(holder.currentId()).toBe('a');
    expect(log).toEqual(['current a after none']);
  });

  it('keeps the previous ones, newest first, and lends any of them by its id', async () => {
    const holder = make();
    await moveTo(holder, 'a', 'b', 'c', 'd');
    expect(holder.heldIds()).toEqual(['d', 'c', 'b']);
    expect(await holder.use('c', (value) => value.id)).toBe('c');
    await expect(holder.use('a', () => 1)).rejects.toMatchObject({
      code: 'snapshot-not-held',
      heldIds: ['d', 'c', 'b'],
    });
    expect(loaded.map(({ closeCount }) => closeCount)).toEqual([1, 0, 0, 0]);
  });

  it('goes back to a held one without loading, and lets go of the one least recently current', async () => {
    const holder = make();
    await moveTo(holder, 'a', 'b', 'c', 'a');
    expect(store.fetchCount).toBe(3);
    expect(holder.currentId()).toBe('a');
    await moveTo(holder, 'd');
    expect(holder.heldIds()).toEqual(['d', 'c', 'a']);
    expect(holder.servableIds()).toEqual(['d', 'a', 'c']);
    expect(find('b').closeCount).toBe(1);
  });

  it('keeps one that is still asked for, however many became current after it', async () => {
    const holder = make();
    await moveTo(holder, 'a', 'b', 'c');
    for (const [next, held] of [
      ['d', ['d', 'c', 'a']],
      ['e', ['e', 'd', 'a']],
      ['f', ['f', 'e', 'a']],
    ] as const) {
      expect(await holder.use('a', (value) => value.id)).toBe('a');
      await moveTo(holder, next);
      expect(holder.heldIds()).toEqual(held);
    }
    await moveTo(holder, 'g', 'h');
    expect(holder.heldIds()).toEqual(['h', 'g', 'f']);
  });

  it('loads pinned ones beside the current one, keeps them beyond its capacity, and lets go once they are not', async () => {
    let pinned = ['x', 'b'];
    const holder = make({ capacity: 1, pinned: () => pinned });
    await moveTo(holder, 'a');
    expect(holder.currentId()).toBe('a');
    expect(holder.heldIds()).toEqual(['x', 'b', 'a']);
    expect(holder.servableIds()).toEqual(['a']);
    await moveTo(holder, 'b', 'c');
    expect(holder.currentId()).toBe('c');
    expect(holder.heldIds()).toEqual(['x', 'c', 'b']);
    expect(holder.servableIds()).toEqual(['c', 'b']);
    await expect(holder.use('a', () => 1)).rejects.toMatchObject({ heldIds: ['x', 'c', 'b'], servableIds: ['c', 'b'] });
    expect(store.fetchCount).toBe(4);
    pinned = ['b'];
    await holder.refresh();
    expect(holder.heldIds()).toEqual(['c', 'b']);
    expect(find('x').closeCount).toBe(1);
  });

  it('serves on while a pinned one is refused, and reports it', async () => {
    store.corrupt.add('x');
    const holder = make({ pinned: () => ['x'] });
    await moveTo(holder, 'a');
    expect(holder.heldIds()).toEqual(['a']);
    expect(log).toContain('refused x (snapshot-corrupt), 1');
    store.corrupt.clear();
    await holder.refresh();
    expect(holder.heldIds()).toEqual(['x', 'a']);
  });

  it('never closes one in use, and closes it once after the last use', async () => {
    const holder = make({ capacity: 1 });
    await moveTo(holder, 'a');
    const gates = [gate(), gate()];
    const uses = gates.map(({ opened }) => holder.use(undefined, (value) => opened.then(() => value.closeCount)));
    await moveTo(holder, 'b', 'c');
    expect([find('a').closeCount, find('b').closeCount]).toEqual([0, 1]);
    gates[0]?.open();
    await uses[0];
    expect(find('a').closeCount).toBe(0);
    gates[1]?.open();
    expect(await Promise.all(uses)).toEqual([0, 0]);
    expect(find('a').closeCount).toBe(1);
    expect(await holder.use(undefined, (value) => value.id)).toBe('c');
  });

  it('releases what a failing use held', async () => {
    const holder = make({ capacity: 1 });
    await moveTo(holder, 'a');
    const { opened, open } = gate();
    const use = holder.use(undefined, async () => {
      await opened;
      throw new Error('a request failed');
    });
    await moveTo(holder, 'b');
    open();
    await expect(use).rejects.toThrow('a request failed');
    expect(find('a').closeCount).toBe(1);
  });

  it('refuses a corrupt snapshot, reports it, and goes on with the good one', async () => {
    const holder = make({ capacity: 1 });
    store.corrupt.add('b');
    await moveTo(holder, 'a', 'b');
    expect(holder.currentId()).toBe('a');
    expect(await holder.use(undefined, (value) => value.closeCount)).toBe(0);
    expect(log).toEqual(['current a after none', 'refused b (snapshot-corrupt), 1']);
    await holder.refresh();
    expect(log.at(-1)).toBe('refused b (snapshot-corrupt), 2');
    store.corrupt.clear();
    await holder.refresh();
    expect(holder.currentId()).toBe('b');
  });

  it('refuses a snapshot that does not load, as it does a corrupt one', async () => {
    const holder = make({
      load: async ({ snapshotId }) => {
        if (snapshotId === 'b') throw new Error('the model has the wrong shape');
        return new Loaded(snapshotId);
      },
    });
    await moveTo(holder, 'a', 'b');
    expect([holder.currentId(), holder.heldIds()]).toEqual(['a', ['a']]);
    expect(log.at(-1)).toBe('refused b (the model has the wrong shape), 1');
    await moveTo(holder, 'c');
    expect(holder.heldIds()).toEqual(['c', 'a']);
  });

  it('takes an ancestor when it holds nothing and the current one is refused', async () => {
    store.parents.set('d', 'c').set('c', 'b').set('b', '');
    store.corrupt.add('d').add('c');
    const holder = make();
    await moveTo(holder, 'd');
    expect(holder.currentId()).toBe('b');
    expect(log).toEqual(['refused d (snapshot-corrupt), 1', 'refused c (snapshot-corrupt), 1', 'current b after none']);
    store.corrupt.clear();
    await holder.refresh();
    expect(holder.currentId()).toBe('d');
  });

  it('looks again at every poll where the store could not be reached: that is no fault of the snapshot', async () => {
    const holder = make({ pollSeconds: 0.01 });
    store.isFetchDown = true;
    store.pointer = 'a';
    await holder.start();
    // At growing intervals, so many attempts would take minutes.
    await until(() => log.some((line) => line.endsWith('), 15')));
    store.isFetchDown = false;
    await until(() => holder.currentId() === 'a');
  });

  it('stays as it is while the store is down, and says so', async () => {
    const holder = make();
    await moveTo(holder, 'a');
    store.isDown = true;
    await moveTo(holder, 'b');
    expect([holder.currentId(), log.at(-1)]).toEqual(['a', 'pointer: the store is down']);
    store.isDown = false;
    await holder.refresh();
    expect(holder.currentId()).toBe('b');
  });

  it('loads one at a time, however many ask, and the last refresh sees the last pointer', async () => {
    let loading = 0;
    let mostAtOnce = 0;
    const gates = new Map(['a', 'b', 'c'].map((id) => [id, gate()]));
    const holder = make({
      load: async ({ snapshotId }) => {
        mostAtOnce = Math.max(mostAtOnce, ++loading);
        await gates.get(snapshotId)?.opened;
        loading -= 1;
        return new Loaded(snapshotId);
      },
    });
    const refreshes: Promise<void>[] = [];
    for (const id of ['a', 'b', 'c']) {
      store.pointer = id;
      refreshes.push(holder.refresh(), holder.refresh());
      await Promise.resolve();
    }
    for (const { open } of gates.values()) open();
    await Promise.all(refreshes);
    expect(holder.currentId()).toBe('c');
    expect(mostAtOnce).toBe(1);
    expect(store.fetchCount).toBeLessThanOrEqual(2);
  });

  it('serves the old one while the new one loads', async () => {
    const { opened, open } = gate();
    const holder = make({
      load: async ({ snapshotId }) =>
        (snapshotId === 'b' ? opened : Promise.resolve()).then(() => new Loaded(snapshotId)),
    });
    await moveTo(holder, 'a');
    store.pointer = 'b';
    const refresh = holder.refresh();
    expect(await holder.use(undefined, (value) => value.id)).toBe('a');
    open();
    await refresh;
    expect(await holder.use(undefined, (value) => value.id)).toBe('b');
  });

  it('drops no request while snapshots come and go', async () => {
    const holder = make({ capacity: 2 });
    await moveTo(holder, 's0');
    let isDone = false;
    let useCount = 0;
    const clients = Array.from({ length: 8 }, async (_, client) => {
      while (!isDone) {
        await holder.use(undefined, async (value, id) => {
          expect(value.id).toBe(id);
          for (let turn = 0; turn < client; turn++) await Promise.resolve();
          expect(value.closeCount).toBe(0);
        });
        useCount += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    for (let n = 1; n < 100; n++) {
      await moveTo(holder, `s${n}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    isDone = true;
    await Promise.all(clients);
    expect(useCount).toBeGreaterThan(100);
    expect(loaded.filter(({ closeCount }) => closeCount === 0).map(({ id }) => id)).toEqual(['s98', 's99']);
    expect(Math.max(...loaded.map(({ closeCount }) => closeCount))).toBe(1);
  });

  it('fetches a copy that differs from its digest again at every poll, for a minute', async () => {
    jest.useFakeTimers();
    try {
      store.corrupt.add('b');
      store.pointer = 'a';
      const holder = make({ pollSeconds: 2 });
      await holder.start();
      store.pointer = 'b';
      const attempts = () => log.filter((line) => line.startsWith('refused b')).length;
      await jest.advanceTimersByTimeAsync(60_000);
      expect(attempts()).toBe(30);
      // From then on as any other.
      await jest.advanceTimersByTimeAsync(300_000);
      expect(attempts()).toBeLessThan(35);
      store.pointer = 'c';
      await jest.advanceTimersByTimeAsync(2_000);
      expect(holder.currentId()).toBe('c');
      await holder.close();
    } finally {
      jest.useRealTimers();
    }
  });

  it('follows the pointer by itself, and tries a refused snapshot again later and later', async () => {
    jest.useFakeTimers();
    try {
      let isBroken = true;
      store.pointer = 'a';
      const holder = make({
        pollSeconds: 2,
        load: async ({ snapshotId }) => {
          if (snapshotId === 'b' && isBroken) throw new Error('the model has the wrong shape');
          return new Loaded(snapshotId);
        },
      });
      await holder.start();
      store.pointer = 'b';
      await jest.advanceTimersByTimeAsync(60_000);
      const attempts = log.filter((line) => line.startsWith('refused b'));
      // At 2 s, then after 4, 8, 16 and 32 s, each at the next poll.
      expect(attempts).toHaveLength(4);
      isBroken = false;
      await jest.advanceTimersByTimeAsync(60_000);
      expect(holder.currentId()).toBe('b');
      await holder.close();
    } finally {
      jest.useRealTimers();
    }
  });

  it('does not try a refused snapshot again because a poll falls due while it is loaded', async () => {
    jest.useFakeTimers();
    try {
      store.pointer = 'a';
      const slow = async ({ snapshotId }: { snapshotId: string }) => {
        if (snapshotId === 'a') return new Loaded(snapshotId);
        await new Promise((resolve) => setTimeout(resolve, 30_000));
        throw new Error('the model has the wrong shape');
      };
      const holder = make({ pollSeconds: 10, load: slow });
      await holder.start();
      void moveTo(holder, 'b');
      await jest.advanceTimersByTimeAsync(35_000);
      expect(log.filter((line) => line.startsWith('refused b'))).toHaveLength(1);
      // One of each: a second load of `b` would have begun by now.
      expect(store.fetchCount).toBe(2);
      await Promise.all([holder.close(), jest.advanceTimersByTimeAsync(60_000)]);
    } finally {
      jest.useRealTimers();
    }
  });

  describe('closing', () => {
    it('waits for running uses, then closes everything once', async () => {
      const holder = make();
      await moveTo(holder, 'a', 'b');
      const { opened, open } = gate();
      const use = holder.use('a', (value) => opened.then(() => value.closeCount));
      const closing = holder.close();
      await new Promise((resolve) => setImmediate(resolve));
      expect([find('a').closeCount, find('b').closeCount]).toEqual([0, 1]);
      open();
      expect(await use).toBe(0);
      await closing;
      await holder.close();
      expect([find('a').closeCount, find('b').closeCount]).toEqual([1, 1]);
      await expect(holder.use(undefined, () => 1)).rejects.toMatchObject({ code: 'no-snapshot' });
    });

    it('closes what was still loading, too', async () => {
      const { opened, open } = gate();
      const late = new Loaded('a');
      const holder = make({ load: () => opened.then(() => late) });
      store.pointer = 'a';
      const refresh = holder.refresh();
      const closing = holder.close();
      open();
      await Promise.all([refresh, closing]);
      expect(late.closeCount).toBe(1);
    });

    it('goes on when a snapshot fails to close, or a callback throws', async () => {
      const holder = make({
        capacity: 1,
        load: async ({ snapshotId }) => {
          const one = new Loaded(snapshotId);
          one.close = () => {
            throw new Error(`${snapshotId} does not close`);
          };
          return one;
        },
        callbacks: {
          onCurrent: () => {
            throw new Error('a reporter failed');
          },
          onError: (error) => log.push(error.message),
        },
      });
      await moveTo(holder, 'a', 'b');
      expect(holder.currentId()).toBe('b');
      await holder.close();
      expect(log).toEqual(['a does not close', 'b does not close']);
    });
  });
});
