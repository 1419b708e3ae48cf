/**
 * Archive files as objects, with the folder driver's names for keys:
 *
 *   <prefix><topic>/dt=2026-11-23/p00003-0000000000000100-0000000000000199-9f03ab12.parquet
 *
 * A file is written locally, uploaded if there is no such object, and removed. An object appears whole or not at all,
 * and as its name has its checksum, finding it there already means that an earlier try had succeeded.
 */
import { join } from 'node:path';
import { ObjectConflictError, ObjectNotFoundError, type ObjectStore, ObjectStoreError } from '@watchnext/object-store';
import {
  type ArchiveFile,
  archivePath,
  type ArchivePlace,
  byRange,
  dayOfFolder,
  dayPrefix,
  parseFileName,
} from '../archive-files';
import { checksumFile } from '../checksum';
import { verifyFile } from '../folder-storage';
import { withIncoming } from '../incoming-folder';
import { inParallel } from '../in-parallel';
import { ArchiveCorruptError, EventArchiveError } from '../port';
import type { FilePart } from '../read-plan';
import type { ArchiveStorage, LocalParts } from '../storage';
import { FileCache, type WantedFile } from './file-cache';

const PARALLEL_DOWNLOADS = 4;

export class S3Storage implements ArchiveStorage {
  private readonly cache: FileCache;
  private readonly incoming: string;

  constructor(
    private readonly objects: ObjectStore,
    cacheDirectory: string,
    readonly localLimitBytes: number,
  ) {
    this.cache = new FileCache(join(cacheDirectory, 'files'), localLimitBytes);
    this.incoming = join(cacheDirectory, 'incoming');
  }

  describe(topic: string, place?: ArchivePlace): string {
    return place ? archivePath('', topic, place) : topic;
  }

  listDays(topic: string): Promise<string[]> {
    return attempt('list the days', async () => {
      const names = await this.objects.listFolders(`${topic}/`);
      return names.flatMap((name) => dayOfFolder(name) ?? []).sort();
    });
  }

  listDayFiles(topic: string, day: string, partition?: number): Promise<ArchiveFile[]> {
    return this.list(dayPrefix(topic, day, partition), '');
  }

  listFiles(topic: string, fromDay = ''): Promise<ArchiveFile[]> {
    return this.list(`${topic}/`, fromDay);
  }

  async place(topic: string, place: ArchivePlace, write: (path: string) => Promise<void>): Promise<string> {
    return withIncoming(this.incoming, place.partition, async (incoming) => {
      await write(incoming);
      const checksum = await checksumFile(incoming);
      const key = archivePath('', topic, place, checksum);
      try {
        await this.objects.upload(key, incoming, { ifAbsent: true });
      } catch (error) {
        if (!(error instanceof ObjectConflictError)) throw error;
      }
      return checksum;
    });
  }

  async sizeOf(file: ArchiveFile): Promise<number> {
    return file.sizeBytes ?? 0;
  }

  placedAtMs(file: ArchiveFile): Promise<number | undefined> {
    return attempt(`look at ${file.path}`, () => this.objects.writtenAtMs(file.path));
  }

  async remove(_topic: string, file: ArchiveFile): Promise<void> {
    await attempt(`remove ${file.path}`, () => this.objects.remove(file.path));
    await this.cache.forget({ key: file.path });
  }

  async fetch(parts: readonly FilePart[], verify: boolean): Promise<LocalParts> {
    const files = parts.map(({ file }): ArchiveFile & WantedFile => ({
      ...file,
      key: file.path,
      sizeBytes: file.sizeBytes ?? 0,
    }));
    await this.cache.makeRoom(files);
    const paths = new Map<string, string>();
    const release = () => [...paths.keys()].forEach((key) => this.cache.release({ key }));
    try {
      await inParallel(files, PARALLEL_DOWNLOADS, async (file) => {
        paths.set(file.key, await this.fetchOne(file, verify));
      });
    } catch (error) {
      release();
      throw error;
    }
    const localParts = parts.map((part) => ({
      ...part,
      file: { ...part.file, path: paths.get(part.file.path) as string },
    }));
    return { parts: localParts, release };
  }

  close(): void {
    this.objects.close();
  }

  private fetchOne(file: ArchiveFile & WantedFile, verify: boolean): Promise<string> {
    const check = (path: string) => verifyFile(path, file);
    return attempt(`fetch ${file.key}`, () =>
      this.cache.acquire(
        file,
        async (path) => {
          try {
            await this.objects.download(file.key, path);
          } catch (error) {
            if (!(error instanceof ObjectNotFoundError)) throw error;
            throw new ArchiveCorruptError(file.key, { cause: error });
          }
        },
        verify ? check : undefined,
        check,
      ),
    );
  }

  private list(prefix: string, fromDay: string): Promise<ArchiveFile[]> {
    return attempt('list the files', async () => {
      const files: ArchiveFile[] = [];
      for await (const { key, sizeBytes } of this.objects.list(prefix)) {
        const [folder, name] = key.split('/').slice(-2) as [string, string];
        const day = dayOfFolder(folder);
        const parsed = parseFileName(name);
        if (parsed && day !== undefined && day >= fromDay) files.push({ ...parsed, day, path: key, sizeBytes });
      }
      return files.sort(byRange);
    });
  }
}

/** Errors of the port pass; those of the storage become one that says what was tried. */
async function attempt<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error;
    throw new EventArchiveError(`cannot ${what}: ${error.message}`, 'archive-read', error.retriable, { cause: error });
  }
}
