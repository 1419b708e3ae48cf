import { eventually } from '@watchnext/waiting/testing';
import { Loaded, PointedStore } from '../test/pointed-store';
import type { SnapshotStore } from './port';
import { SnapshotHolder } from './snapshot-holder';

describe('a snapshot holder whose pointer moves while it loads', () => {
  let store: PointedStore;
  let log: string[];
  let holder: SnapshotHolder<Loaded>;
  /** Loads that wait, by what they load; each ends when it is let, or aborted. */
  let waiting: Map<string, () => void>;
  let slow: Set<string>;
  /** Of the slow, those that cannot be stopped. */
  let stubborn: Set<string>;
  let pinned: string[];

  const make = (pollSeconds = 3_600) =>
    new SnapshotHolder<Loaded>({
      store: store as unknown as SnapshotStore,
      pollSeconds,
      pinned: () => pinned,
      load: async ({ snapshotId }, stopping) => {
        if (slow.has(snapshotId)) {
          await new Promise<void>((resolve, reject) => {
            waiting.set(snapshotId, resolve);
            stopping.addEventListener('abort', () => {
              log.push(`stopped ${snapshotId}`);
              if (!stubborn.has(snapshotId)) reject(stopping.reason as Error);
            });
          });
        }
        return new Loaded(snapshotId);
      },
      callbacks: {
        onCurrent: (id) => log.push(`current ${id}`),
        onRefused: (id) => log.push(`refused ${id}`),
        onPointerUnreadable: () => log.push('pointer unreadable'),
      },
    });
  const until = (holds: () => boolean) => eventually(holds, String(holds));
  const moveTo = async (...ids: string[]) => {
    for (const id of ids) {
      store.pointer = id;
      await holder.refresh();
    }
  };
  /** Moves on to a snapshot whose load does not end by itself. */
  const beginLoading = async (id: string) => {
    slow.add(id);
    store.pointer = id;
    const refreshed = holder.refresh();
    await until(() => waiting.has(id));
    return refreshed;
  };

  beforeEach(() => {
    store = new PointedStore();
    log = [];
    waiting = new Map();
    slow = new Set();
    stubborn = new Set();
    pinned = [];
    holder = make();
  });
  afterEach(() => holder.close());

  it('goes back to a held one at once, ends the load, and never passes through what was loaded', async () => {
    await moveTo('a', 'c');
    const refreshed = beginLoading('b');
    await until(() => waiting.has('b'));
    await moveTo('a');
    await refreshed;
    expect(log).toEqual(['current a', 'current c', 'stopped b', 'current a']);
    expect(holder.heldIds()).toEqual(['c', 'a']);
    slow.clear();
    await moveTo('b');
    expect(holder.currentId()).toBe('b');
  });

  it('never passes through what was loaded to its end all the same, where the pointer cannot be read then', async () => {
    await moveTo('a');
    stubborn.add('b');
    const refreshed = beginLoading('b');
    await until(() => waiting.has('b'));
    store.pointer = 'a';
    const again = holder.refresh();
    await until(() => log.includes('stopped b'));
    store.isDown = true;
    waiting.get('b')!();
    await Promise.all([refreshed, again]);
    expect(log.filter((line) => line.startsWith('current'))).toEqual(['current a']);
    expect(holder.currentId()).toBe('a');
  });

  it('sees by itself that it went back', async () => {
    holder = make(0.01);
    await moveTo('a', 'c');
    void beginLoading('b');
    await until(() => waiting.has('b'));
    store.pointer = 'a';
    await until(() => holder.currentId() === 'a');
    expect(log.slice(2)).toEqual(['stopped b', 'current a']);
  });

  it('ends the load where it went back to the one that answers', async () => {
    await moveTo('a');
    void beginLoading('b');
    await until(() => waiting.has('b'));
    await moveTo('a');
    expect(log).toEqual(['current a', 'stopped b']);
  });

  it('answers with the held one at once while a pinned one is loaded, and loads that on', async () => {
    await moveTo('a', 'c');
    pinned = ['x'];
    slow.add('x');
    const refreshed = holder.refresh();
    await until(() => waiting.has('x'));
    store.pointer = 'a';
    const again = holder.refresh();
    await until(() => holder.currentId() === 'a');
    waiting.get('x')!();
    await Promise.all([refreshed, again]);
    expect(log).toEqual(['current a', 'current c', 'current a']);
    expect(holder.heldIds()).toEqual(['x', 'c', 'a']);
  });

  it('lets a load end where it moved on to one that is not held, and does not pass through it', async () => {
    await moveTo('a');
    const refreshed = beginLoading('b');
    await until(() => waiting.has('b'));
    store.pointer = 'd';
    const again = holder.refresh();
    await new Promise((resolve) => setTimeout(resolve, 20));
    waiting.get('b')!();
    await Promise.all([refreshed, again]);
    expect(log).toEqual(['current a', 'current d']);
  });

  it('takes what it loaded where nothing answers yet, and then what the pointer names', async () => {
    const refreshed = beginLoading('b');
    await until(() => waiting.has('b'));
    store.pointer = 'd';
    waiting.get('b')!();
    await refreshed;
    expect(log).toEqual(['current b', 'current d']);
  });

  it('takes what it loaded where the pointer cannot be read again', async () => {
    await moveTo('a');
    const refreshed = beginLoading('b');
    await until(() => waiting.has('b'));
    store.isDown = true;
    waiting.get('b')!();
    await refreshed;
    expect(log).toEqual(['current a', 'pointer unreadable', 'current b']);
  });
});
