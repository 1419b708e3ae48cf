import { type Loaded, PointedStore } from '../test/pointed-store';
import type { SnapshotStore } from './port';
import { SnapshotHolder } from './snapshot-holder';

describe('a snapshot holder that closes', () => {
  it('ends a load under way, which is no refusal, and looks at no ancestor', async () => {
    const store = new PointedStore();
    store.parents.set('b', 'a');
    store.pointer = 'b';
    const log: string[] = [];
    let begun = (): void => undefined;
    const loading = new Promise<void>((resolve) => (begun = resolve));
    const holder = new SnapshotHolder<Loaded>({
      store: store as unknown as SnapshotStore,
      load: (_local, closing) =>
        new Promise((_, reject) => {
          closing.addEventListener('abort', () => reject(closing.reason as Error));
          begun();
        }),
      callbacks: { onRefused: (id) => log.push(`refused ${id}`), onCurrent: (id) => log.push(`current ${id}`) },
    });
    const started = holder.start();
    await loading;
    await Promise.all([holder.close(), started]);
    expect([log, store.fetchCount, holder.heldIds()]).toEqual([[], 1, []]);
  });
});
