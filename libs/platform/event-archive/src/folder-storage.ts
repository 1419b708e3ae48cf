/**
 * Archive files in a folder. A file is written under `<topic>/.incoming/`, synced, and renamed into its place: under
 * its final name it is whole.
 */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type ArchiveFile,
  archivePath,
  type ArchivePlace,
  byRange,
  dayFolder,
  dayOfFolder,
  parseFileName,
} from './archive-files';
import { readdirIfThere, syncPath } from '@watchnext/folder-lock';
import { checksumFile } from './checksum';
import { INCOMING_FOLDER, withIncoming } from './incoming-folder';
import { ArchiveCorruptError } from './port';
import type { FilePart } from './read-plan';
import type { ArchiveStorage, LocalParts } from './storage';

export class FolderStorage implements ArchiveStorage {
  readonly localLimitBytes: number | undefined = undefined;

  constructor(private readonly directory: string) {}

  describe(topic: string, place?: ArchivePlace): string {
    return place ? archivePath(this.directory, topic, place) : join(this.directory, topic);
  }

  async listDays(topic: string): Promise<string[]> {
    const names = await readdirIfThere(join(this.directory, topic));
    return names.flatMap((name) => dayOfFolder(name) ?? []).sort();
  }

  async listDayFiles(topic: string, day: string, partition?: number): Promise<ArchiveFile[]> {
    const folder = dayFolder(this.directory, topic, day);
    const files = (await readdirIfThere(folder)).flatMap((name): ArchiveFile[] => {
      const parsed = parseFileName(name);
      if (!parsed || (partition !== undefined && parsed.partition !== partition)) return [];
      return [{ ...parsed, day, path: join(folder, name) }];
    });
    return files.sort(byRange);
  }

  async listFiles(topic: string, fromDay = ''): Promise<ArchiveFile[]> {
    const files: ArchiveFile[] = [];
    for (const day of await this.listDays(topic)) {
      if (day >= fromDay) files.push(...(await this.listDayFiles(topic, day)));
    }
    return files.sort(byRange);
  }

  async place(topic: string, place: ArchivePlace, write: (path: string) => Promise<void>): Promise<string> {
    return withIncoming(join(this.directory, topic, INCOMING_FOLDER), place.partition, async (incoming) => {
      await write(incoming);
      await syncPath(incoming);
      const checksum = await checksumFile(incoming);
      const path = archivePath(this.directory, topic, place, checksum);
      const folder = dirname(path);
      if ((await mkdir(folder, { recursive: true })) !== undefined) await syncPath(dirname(folder));
      await rename(incoming, path);
      await syncPath(folder);
      return checksum;
    });
  }

  async sizeOf(file: ArchiveFile): Promise<number> {
    return (await stat(file.path)).size;
  }

  /** A rename leaves the time at which it was written, shortly before. */
  async placedAtMs(file: ArchiveFile): Promise<number | undefined> {
    try {
      return (await stat(file.path)).mtimeMs;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async remove(_topic: string, file: ArchiveFile): Promise<void> {
    await rm(file.path, { force: true });
    await syncPath(dirname(file.path));
  }

  async fetch(parts: readonly FilePart[], verify: boolean): Promise<LocalParts> {
    if (verify) for (const { file } of parts) await verifyFile(file.path, file);
    return { parts, release: () => undefined };
  }

  close(): void {
    // Nothing is held open.
  }
}

/**
 * @param file what `path` is, or is a copy of
 * @throws ArchiveCorruptError
 */
export async function verifyFile(path: string, file: ArchiveFile): Promise<void> {
  let checksum: string;
  try {
    checksum = await checksumFile(path);
  } catch (error) {
    throw new ArchiveCorruptError(file.path, { cause: error });
  }
  if (checksum !== file.checksum) {
    throw new ArchiveCorruptError(file.path, { cause: new Error(`its CRC-32 is ${checksum}`) });
  }
}
