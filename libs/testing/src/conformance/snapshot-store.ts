/**
 * What every driver of the snapshot store must do: a snapshot is there whole or not at all, whatever crashes; what is
 * fetched is what was published, bit by bit; and of several movers of the pointer exactly one succeeds.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SnapshotManifest } from '@watchnext/contract';
import {
  describeFiles,
  fileOf,
  newSnapshotId,
  SNAPSHOT_FORMAT_VERSION,
  type SnapshotStore,
} from '@watchnext/snapshot-store';
import { ChildProgram } from '../child-program';
import { eventually } from '@watchnext/waiting/testing';
import type { StoreProgramMessage } from './processes/snapshot-store-program';
import { TEST_LIMIT_MS } from '../test-limit';

/** One store, empty at first, for one test. */
export interface SnapshotStoreUnderTest {
  /** A handle of its own, as another process would have it; closed by `dispose` if the test has not. */
  open(): Promise<SnapshotStore>;
  /** How another process opens the same store: a module that exports `open(location): Promise<SnapshotStore>`. */
  readonly module: string;
  readonly location: string;
  /** Replaces the stored bytes of a snapshot's file, behind the driver's back; undefined removes it. */
  damage(snapshotId: string, file: string, change: (bytes: Buffer) => Buffer | undefined): Promise<void>;
  dispose(): Promise<void>;
}

const NOW_MS = Date.UTC(2026, 10, 23, 12);
const FILES = { 'ranker.onnx': 'weights of the ranker', 'tables/videos.bin': 'rows of the table', 'empty.json': '' };

/** Writes files and describes them in a manifest, as a trainer would. */
export async function writeSnapshotFiles(
  directory: string,
  snapshotId: string,
  files: Record<string, string | Uint8Array> = FILES,
): Promise<SnapshotManifest> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return SnapshotManifest.fromPartial({
    formatVersion: SNAPSHOT_FORMAT_VERSION,
    snapshotId,
    createdAtMs: NOW_MS,
    window: { fromMs: NOW_MS - 1_000, toMs: NOW_MS, evaluatedFromMs: NOW_MS - 500, evaluatedToMs: NOW_MS },
    sizes: { videos: 3, candidate_examples: 1e7 },
    metrics: [{ name: 'candidates.recall@100', scorer: 'model', value: 0.25 }],
    gate: { passed: true, checks: [{ name: 'finite', passed: true, detail: '' }] },
    files: await describeFiles(directory),
    hyperparametersJson: '{"dimensions":64}',
  });
}

/** Declares the suite for a driver. */
export function describeSnapshotStore(driver: string, create: () => Promise<SnapshotStoreUnderTest>): void {
  describe(`snapshot store conformance: ${driver}`, () => {
    let under: SnapshotStoreUnderTest;
    let store: SnapshotStore;
    let workDirectory: string;
    const children: ChildProgram<StoreProgramMessage>[] = [];
    beforeEach(async () => {
      under = await create();
      store = await under.open();
      workDirectory = await mkdtemp(join(tmpdir(), 'watchnext-snapshot-source-'));
    }, TEST_LIMIT_MS);
    afterEach(async () => {
      await Promise.all(children.splice(0).map((child) => child.kill()));
      await under.dispose();
      await rm(workDirectory, { recursive: true, force: true });
    }, TEST_LIMIT_MS);

    const spec = (name: string, body: () => Promise<void>) => it(name, body, TEST_LIMIT_MS);
    const source = async (snapshotId: string, files?: Record<string, string>) => {
      const directory = await mkdtemp(join(workDirectory, 'source-'));
      return { directory, manifest: await writeSnapshotFiles(directory, snapshotId, files) };
    };
    const publish = async (snapshotId: string, files?: Record<string, string>) => {
      const { directory, manifest } = await source(snapshotId, files);
      await store.publish(directory, manifest);
      return manifest;
    };
    const startProgram = (role: string, ...args: string[]) => {
      const file = join(__dirname, 'processes', 'snapshot-store-program.ts');
      const child = ChildProgram.start<StoreProgramMessage>(file, [
        under.module,
        under.location,
        workDirectory,
        role,
        ...args,
      ]);
      children.push(child);
      return child;
    };

    spec('is empty at first', async () => {
      expect(await store.list()).toEqual([]);
      expect(await store.readPointer()).toBeUndefined();
      await expect(store.readManifest('a')).rejects.toMatchObject({ code: 'snapshot-not-found', snapshotId: 'a' });
      await expect(store.fetch('a')).rejects.toMatchObject({ code: 'snapshot-not-found', retriable: false });
      await expect(store.movePointer(undefined, 'a')).rejects.toMatchObject({ code: 'snapshot-not-found' });
    });

    spec('gives back what was published, to every handle', async () => {
      const manifest = await publish('a');
      const reader = await under.open();
      expect(await reader.list()).toEqual(['a']);
      expect(await reader.readManifest('a')).toEqual(manifest);
      const local = await reader.fetch('a');
      expect(local).toMatchObject({ snapshotId: 'a', manifest });
      for (const [path, content] of Object.entries(FILES)) {
        expect(await readFile(join(local.directory, path), 'utf8')).toBe(content);
      }
    });

    spec('does not need the folder it was published from any more', async () => {
      const { directory, manifest } = await source('a');
      await store.publish(directory, manifest);
      await rm(directory, { recursive: true });
      await expect(store.fetch('a')).resolves.toMatchObject({ snapshotId: 'a' });
    });

    describe('asked for some files', () => {
      const ranker = (file: string) => file === 'ranker.onnx';
      const tables = (file: string) => file.startsWith('tables/');

      spec('fetches and verifies those, and gives out no others', async () => {
        const manifest = await publish('a');
        await under.damage('a', 'tables/videos.bin', flipBit);
        const reader = await under.open();
        const local = await reader.fetch('a', { only: ranker });
        expect(local.manifest).toEqual(manifest);
        expect(await readFile(fileOf(local, 'ranker.onnx'), 'utf8')).toBe(FILES['ranker.onnx']);
        expect(() => fileOf(local, 'tables/videos.bin')).toThrow(
          expect.objectContaining({ code: 'snapshot-file-not-fetched', file: 'tables/videos.bin', retriable: false }),
        );
        for (const options of [{ only: tables }, {}]) {
          await expect(reader.fetch('a', options)).rejects.toMatchObject({
            code: 'snapshot-corrupt',
            file: 'tables/videos.bin',
          });
        }
      });

      spec('brings the others to those who need them later, or at once', async () => {
        await publish('a');
        const reader = await under.open();
        await reader.fetch('a', { only: ranker });
        const [local, ...more] = await Promise.all([
          reader.fetch('a', { only: tables }),
          reader.fetch('a'),
          reader.fetch('a', { only: ranker }),
        ]);
        expect(await readFile(fileOf(local, 'tables/videos.bin'), 'utf8')).toBe(FILES['tables/videos.bin']);
        for (const { directory } of more) expect(directory).toBe(local.directory);
        for (const path of Object.keys(FILES)) await readFile(fileOf(more[0]!, path));
      });
    });

    spec('ends a fetch that is not wanted any more, and fetches again', async () => {
      await publish('a');
      const reader = await under.open();
      const gone = new AbortController();
      const fetching = reader.fetch('a', { signal: gone.signal });
      gone.abort(new Error('the service stops'));
      await expect(fetching).rejects.toThrow('the service stops');
      await expect(reader.fetch('a')).resolves.toMatchObject({ snapshotId: 'a' });
    });

    spec('lists the newest first', async () => {
      const ids = [3_000, 1_000, 2_000].map((afterMs) => newSnapshotId(NOW_MS + afterMs));
      for (const id of ids) await publish(id);
      expect(await store.list()).toEqual([...ids].sort().reverse());
    });

    spec('never changes a snapshot', async () => {
      const manifest = await publish('a');
      await expect(publish('a', { 'other.bin': 'other' })).rejects.toMatchObject({
        code: 'snapshot-exists',
        snapshotId: 'a',
      });
      expect(await store.readManifest('a')).toEqual(manifest);
    });

    spec('lets exactly one of several publications of an id succeed', async () => {
      const sources = await Promise.all([1, 2, 3, 4].map((n) => source('a', { 'ranker.onnx': `version ${n}` })));
      const handles = await Promise.all(sources.map(() => under.open()));
      const results = await Promise.allSettled(
        sources.map(({ directory, manifest }, i) => (handles[i] as SnapshotStore).publish(directory, manifest)),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'snapshot-exists' });
      }
      const { directory } = await store.fetch('a');
      const winner = results.findIndex(({ status }) => status === 'fulfilled') + 1;
      expect(await readFile(join(directory, 'ranker.onnx'), 'utf8')).toBe(`version ${winner}`);
    });

    describe('refuses to publish, and shows nothing of it,', () => {
      const attempts: [string, string, (directory: string, manifest: SnapshotManifest) => Promise<unknown>][] = [
        [
          'a file that differs from its digest',
          'snapshot-corrupt',
          (dir) => writeFile(join(dir, 'ranker.onnx'), 'Weights of the ranker'),
        ],
        ['a file that is missing', 'snapshot-corrupt', (dir) => rm(join(dir, 'tables/videos.bin'))],
        ['a file that the manifest does not list', 'snapshot-corrupt', (dir) => writeFile(join(dir, 'more.bin'), '')],
        [
          'a file outside of the folder',
          'snapshot-corrupt',
          async (dir, manifest) => {
            await writeFile(join(dir, '..', 'outside.bin'), '');
            manifest.files['../outside.bin'] = manifest.files['empty.json'] as SnapshotManifest['files'][string];
          },
        ],
        ['an unknown format', 'snapshot-format', async (_dir, manifest) => (manifest.formatVersion = 99)],
      ];
      it.each(attempts)(
        '%s',
        async (_name, code, spoil) => {
          const { directory, manifest } = await source('a');
          await spoil(directory, manifest);
          await expect(store.publish(directory, manifest)).rejects.toMatchObject({ code });
          expect(await store.list()).toEqual([]);
          await expect(publish('a')).resolves.toMatchObject({ snapshotId: 'a' });
        },
        TEST_LIMIT_MS,
      );
    });

    it.each(['', '.', '..', '../a', 'a/b', 'current', '.hidden', 'x'.repeat(200)])(
      'does not take "%s" for an id',
      async (id) => {
        const { directory, manifest } = await source(id);
        await expect(store.publish(directory, manifest)).rejects.toMatchObject({ code: 'invalid-snapshot-id' });
        await expect(store.fetch(id)).rejects.toMatchObject({ code: 'snapshot-not-found' });
        await expect(store.movePointer(undefined, id)).rejects.toMatchObject({ code: 'snapshot-not-found' });
      },
      TEST_LIMIT_MS,
    );

    describe('refuses to hand out a snapshot with', () => {
      const damages: [string, string, string, (bytes: Buffer) => Buffer | undefined][] = [
        ['a flipped bit', 'ranker.onnx', 'ranker.onnx', flipBit],
        ['a flipped bit in a folder within', 'tables/videos.bin', 'tables/videos.bin', flipBit],
        ['a truncated file', 'tables/videos.bin', 'tables/videos.bin', (bytes) => bytes.subarray(0, -1)],
        ['a file that grew', 'empty.json', 'empty.json', () => Buffer.from('{}')],
        ['a missing file', 'empty.json', 'empty.json', () => undefined],
        ['a manifest cut short', 'manifest.json', 'manifest.json', (bytes) => bytes.subarray(0, bytes.length / 2)],
        [
          'another number in its manifest',
          'manifest.json',
          'manifest.json',
          (bytes) => Buffer.from(bytes.toString().replace('0.25', '0.75')),
        ],
      ];
      it.each(damages)(
        '%s',
        async (_name, file, named, change) => {
          await publish('a');
          await under.damage('a', file, change);
          const reader = await under.open();
          await expect(reader.fetch('a')).rejects.toMatchObject({
            code: 'snapshot-corrupt',
            file: named,
            retriable: false,
          });
        },
        TEST_LIMIT_MS,
      );
    });

    spec('refuses a format that it does not know, before it looks at anything else', async () => {
      await publish('a');
      await under.damage('a', 'manifest.json', () => Buffer.from('{"formatVersion": 7, "snapshotId": "a"}'));
      const reader = await under.open();
      await expect(reader.readManifest('a')).rejects.toMatchObject({ code: 'snapshot-format', formatVersion: 7 });
      await expect(reader.fetch('a')).rejects.toMatchObject({ code: 'snapshot-format' });
    });

    describe('the pointer', () => {
      beforeEach(async () => {
        for (const id of ['a', 'b', 'c']) await publish(id);
      }, TEST_LIMIT_MS);

      spec('moves from where the mover says it is, back too', async () => {
        await store.movePointer(undefined, 'a');
        await store.movePointer('a', 'b');
        await store.movePointer('b', 'a');
        expect(await (await under.open()).readPointer()).toBe('a');
      });

      spec('stays when it is elsewhere', async () => {
        await expect(store.movePointer('a', 'b')).rejects.toMatchObject({
          code: 'pointer-conflict',
          actual: undefined,
        });
        await store.movePointer(undefined, 'a');
        const late = store.movePointer(undefined, 'b');
        await expect(late).rejects.toMatchObject({
          code: 'pointer-conflict',
          expected: undefined,
          actual: 'a',
          retriable: true,
        });
        await expect(store.movePointer('c', 'b')).rejects.toMatchObject({ code: 'pointer-conflict', actual: 'a' });
        expect(await store.readPointer()).toBe('a');
      });

      spec('moves for exactly one of many at once', async () => {
        await store.movePointer(undefined, 'a');
        const handles = await Promise.all(Array.from({ length: 8 }, () => under.open()));
        const results = await Promise.allSettled(
          handles.map((handle, i) => handle.movePointer('a', i % 2 ? 'b' : 'c')),
        );
        const winners = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [i % 2 ? 'b' : 'c'] : []));
        expect(winners).toHaveLength(1);
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'pointer-conflict' });
        }
        expect(await store.readPointer()).toBe(winners[0]);
      });
    });

    spec('keeps one line of pointer moves when processes race, one of them killed in the middle', async () => {
      const racers = ['x', 'y', 'z'].map((name) => startProgram('race', name, '12'));
      const victim = startProgram('race', 'victim', '1000000');
      await Promise.all([...racers, victim].map((racer) => racer.has('ready')));
      for (const racer of [...racers, victim]) racer.send({ go: true });
      await victim.has('moved');
      await victim.kill();
      await Promise.all(racers.map((racer) => racer.has('finished')));
      const moves = [...racers, victim].flatMap((racer) => racer.ofKind('moved'));
      expect(racers.map((racer) => racer.ofKind('moved').length)).toEqual([12, 12, 12]);
      // No two started from one place: each move followed another one that had happened.
      const starts = moves.map(({ from }) => from);
      expect(new Set(starts).size).toBe(starts.length);
      const reached = new Set([undefined, ...moves.map(({ to }) => to)]);
      // The victim may have died between a move and its report.
      expect(starts.filter((from) => !reached.has(from) && !from?.startsWith('victim'))).toEqual([]);
      await publish('after-the-crash');
      await store.movePointer(await store.readPointer(), 'after-the-crash');
      expect(await store.readPointer()).toBe('after-the-crash');
    });

    spec('holds only whole snapshots after publishers were killed in the middle', async () => {
      let acknowledged: string[] = [];
      for (const afterCount of [1, 2, 3]) {
        const publisher = startProgram('publish', `round${afterCount}`);
        await eventually(async () => expect(publisher.ofKind('published').length).toBeGreaterThanOrEqual(afterCount));
        await publisher.kill();
        acknowledged = acknowledged.concat(publisher.ofKind('published').map(({ snapshotId }) => snapshotId));
        const interrupted = publisher.ofKind('publishing').at(-1)?.snapshotId as string;
        if (!(await store.list()).includes(interrupted)) {
          await expect(publish(interrupted)).resolves.toMatchObject({ snapshotId: interrupted });
        }
      }
      const held = await store.list();
      expect(held).toEqual(expect.arrayContaining(acknowledged));
      for (const id of held) await expect(store.fetch(id)).resolves.toMatchObject({ snapshotId: id });
    });
  });
}

function flipBit(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[3] = (changed[3] as number) ^ 0x10;
  return changed;
}
