/**
 * A process beside the spec's own that uses the same snapshot store: arguments: module, location,
 * folder for its files, role, name of its snapshots, number of moves.
 */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotStore } from '@watchnext/snapshot-store';
import { writeSnapshotFiles } from '../snapshot-store';

export type StoreProgramMessage =
  | { kind: 'ready' }
  | { kind: 'moved'; from: string | undefined; to: string }
  | { kind: 'finished' }
  | { kind: 'publishing'; snapshotId: string }
  | { kind: 'published'; snapshotId: string };

const [, , modulePath, location, workDirectory, role, name, moveCount] = process.argv as string[];
const tell = (message: StoreProgramMessage) => process.send?.(message);

async function main(): Promise<void> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- The driver is the spec's choice.
  const driver = require(modulePath as string) as { open(location: string): Promise<SnapshotStore> };
  const store = await driver.open(location as string);
  if (role === 'race') await race(store, Number(moveCount));
  else await publishForever(store);
}

/** Moves the pointer `count` times, each time to a snapshot of its own that it moves to only once. */
async function race(store: SnapshotStore, count: number): Promise<void> {
  tell({ kind: 'ready' });
  await new Promise<void>((resolve) => process.once('message', () => resolve()));
  const directory = await mkdtemp(join(workDirectory as string, 'racer-'));
  const manifest = await writeSnapshotFiles(directory, '', { 'a.bin': 'a' });
  for (let i = 0; i < count; i++) {
    const to = `${name}-${i}`;
    await store.publish(directory, { ...manifest, snapshotId: to });
    for (let isMoved = false; !isMoved;) {
      const from = await store.readPointer();
      try {
        await store.movePointer(from, to);
        isMoved = true;
        tell({ kind: 'moved', from, to });
      } catch (error) {
        if ((error as { code?: string }).code !== 'pointer-conflict') throw error;
      }
    }
  }
  tell({ kind: 'finished' });
}

async function publishForever(store: SnapshotStore): Promise<void> {
  for (let i = 0; ; i++) {
    const snapshotId = `${name}-${i}`;
    const directory = await mkdtemp(join(workDirectory as string, 'publisher-'));
    const files = Object.fromEntries(
      Array.from({ length: 6 }, (_, n) => [`file-${n}.bin`, Buffer.alloc(400_000, i + n)]),
    );
    const manifest = await writeSnapshotFiles(directory, snapshotId, files);
    tell({ kind: 'publishing', snapshotId });
    await store.publish(directory, manifest);
    tell({ kind: 'published', snapshotId });
  }
}

process.on('disconnect', () => process.exit(0));
main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
