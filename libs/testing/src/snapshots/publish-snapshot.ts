/** Publishes a small snapshot in a spec: real files and a real manifest, as a reader verifies them. */
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IndexParameters, SnapshotManifest } from '@watchnext/contract';
import {
  describeFiles,
  openFolderSnapshotStore,
  SNAPSHOT_FORMAT_VERSION,
  type SnapshotStore,
} from '@watchnext/snapshot-store';

interface PublishOptions {
  readonly damage?: ((directory: string) => Promise<void>) | undefined;
  readonly becomesCurrent?: boolean | undefined;
  readonly told?: ManifestParts | undefined;
}

/** Puts a snapshot's files into a folder. */
export type WriteFiles = (directory: string) => Promise<{ index?: IndexParameters | undefined }>;

/** What the manifest tells of a training. */
type ManifestParts = Partial<Pick<SnapshotManifest, 'metrics' | 'gate' | 'window'>>;

/**
 * Publishes what `write` puts into a folder and moves the pointer to it.
 * @param snapshotsDirectory as the folder driver has it
 * @param options.damage run on the published folder before the pointer names it
 * @param options.becomesCurrent false: the pointer stays where it is; default: true
 * @param options.told in place of what the manifest otherwise says
 */
export async function publishSnapshot(
  snapshotsDirectory: string,
  snapshotId: string,
  write: WriteFiles,
  { damage, becomesCurrent, told }: PublishOptions = {},
): Promise<void> {
  const store = openFolderSnapshotStore(snapshotsDirectory);
  try {
    await publishInto(store, snapshotId, write, {
      becomesCurrent,
      told,
      beforePointer: () => damage?.(join(snapshotsDirectory, snapshotId)),
    });
  } finally {
    await store.close();
  }
}

/**
 * The same, into a store of any driver.
 * @param options.beforePointer run before the pointer names it
 * @param options.under where the folder is made, as on the disk that files are linked from; default: that of temporary files
 */
export async function publishInto(
  store: SnapshotStore,
  snapshotId: string,
  write: WriteFiles,
  options: Omit<PublishOptions, 'damage'> & { beforePointer?: () => Promise<void> | undefined; under?: string } = {},
): Promise<void> {
  const { beforePointer, becomesCurrent = true, under = tmpdir() } = options;
  const directory = await mkdtemp(join(under, 'watchnext-snapshot-'));
  try {
    const { index } = await write(directory);
    const previous = await store.readPointer();
    await store.publish(directory, {
      formatVersion: SNAPSHOT_FORMAT_VERSION,
      snapshotId,
      parentSnapshotId: previous ?? '',
      createdAtMs: Date.now(),
      window: { fromMs: 1, toMs: 2, evaluatedFromMs: 1, evaluatedToMs: 2 },
      tensorBackend: 'cpu',
      seed: 1,
      sizes: { videos: 60 },
      metrics: [{ name: 'candidates.recall@100', scorer: 'model', value: 0.5 }],
      gate: { passed: true, checks: [{ name: 'finite', passed: true, detail: 'all metrics are finite' }] },
      files: await describeFiles(directory),
      index,
      hyperparametersJson: '{}',
      ...options.told,
    });
    await beforePointer?.();
    if (becomesCurrent) await store.movePointer(previous, snapshotId);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Turns one bit of a file around. */
export async function flipBit(path: string, byteOffset: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, byteOffset);
    byte[0]! ^= 1;
    await file.write(byte, 0, 1, byteOffset);
  } finally {
    await file.close();
  }
}

/** Puts NaN in place of the first of these values where a file has them. @throws Error for a file that has not */
export async function spoilValue(path: string, values: Float32Array): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.indexOf(Buffer.from(values.buffer, values.byteOffset, Math.min(values.byteLength, 64)));
  if (at < 0) throw new Error(`${path} has no such values`);
  bytes.writeFloatLE(NaN, at);
  await writeFile(path, bytes);
}
