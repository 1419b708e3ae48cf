/** What is left of a snapshot without its models: the popular videos of the viewer's country, in their order. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalSystem } from '@watchnext/end-to-end';
import { type ListProvider, orderProvider, type ViewerMemory, type World } from '@watchnext/simulator';
import { SNAPSHOT_FILES } from '@watchnext/snapshot-store';

type Order = readonly { readonly videoId: string }[];

export async function popularOfSnapshot(
  system: LocalSystem,
  world: World,
  memories: readonly ViewerMemory[],
): Promise<ListProvider> {
  const snapshots = system.openSnapshots();
  try {
    const snapshotId = await snapshots.readPointer();
    if (snapshotId === undefined) throw new Error('there is no snapshot to list the popular videos of');
    const { directory } = await snapshots.fetch(snapshotId);
    const { popular, popularByCountry } = JSON.parse(
      await readFile(join(directory, SNAPSHOT_FILES.popular), 'utf8'),
    ) as { popular: Order; popularByCountry: Record<string, Order> };
    const idsOf = (order: Order) => order.map(({ videoId }) => videoId);
    return orderProvider('popular of the snapshot', world, memories, ({ country }) =>
      idsOf(popularByCountry[country] ?? popular),
    );
  } finally {
    await snapshots.close();
  }
}
