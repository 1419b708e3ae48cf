/** Files under names with slashes, in a folder or below a prefix of a bucket: what a backup is made of, and made from. */
import { copyFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder, syncPath } from '@watchnext/folder-lock';
import { ObjectStore, type ObjectStoreSettings, placeName } from '@watchnext/object-store';

export interface TreeFile {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface FileTree {
  /** As messages name it. */
  readonly place: string;
  /** All files, by name. What is being written at this moment is none yet. */
  list(): Promise<TreeFile[]>;
  /** Copies a file out, into a new local one. */
  get(name: string, path: string): Promise<void>;
  /** Copies a local file in: whole, or not there. */
  put(name: string, path: string): Promise<void>;
  /** Nothing where it is not there. */
  remove(name: string): Promise<void>;
  close(): void;
}

export class FolderTree implements FileTree {
  constructor(readonly place: string) {}

  async list(): Promise<TreeFile[]> {
    const files: TreeFile[] = [];
    const visit = async (folder: string, prefix: string): Promise<void> => {
      for (const entry of (await ifThere(readdir(folder, { withFileTypes: true }))) ?? []) {
        // Incoming files, and those of editors and systems, are nobody's.
        if (entry.name.startsWith('.')) continue;
        const path = join(folder, entry.name);
        if (entry.isDirectory()) await visit(path, `${prefix}${entry.name}/`);
        else {
          const stats = await ifThere(stat(path));
          if (stats) files.push({ name: prefix + entry.name, sizeBytes: stats.size });
        }
      }
    };
    await visit(this.place, '');
    return byName(files);
  }

  async get(name: string, path: string): Promise<void> {
    await copyFile(join(this.place, name), path);
  }

  async put(name: string, path: string): Promise<void> {
    const target = join(this.place, name);
    const folder = dirname(target);
    makeFolder(folder);
    const incoming = join(folder, `.incoming-${process.pid}`);
    try {
      await copyFile(path, incoming);
      await syncPath(incoming);
      await rename(incoming, target);
      await syncPath(folder);
    } catch (error) {
      await rm(incoming, { force: true });
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    const path = join(this.place, name);
    await rm(path, { force: true });
    await syncPath(dirname(path));
  }

  close(): void {
    // Nothing is held open.
  }
}

export class BucketTree implements FileTree {
  readonly place: string;
  private readonly objects: ObjectStore;

  constructor(settings: ObjectStoreSettings) {
    this.place = placeName(settings);
    this.objects = new ObjectStore(settings);
  }

  async list(): Promise<TreeFile[]> {
    const files: TreeFile[] = [];
    for await (const { key, sizeBytes } of this.objects.list('')) files.push({ name: key, sizeBytes });
    return byName(files);
  }

  get(name: string, path: string): Promise<void> {
    return this.objects.download(name, path);
  }

  put(name: string, path: string): Promise<void> {
    return this.objects.upload(name, path);
  }

  remove(name: string): Promise<void> {
    return this.objects.remove(name);
  }

  close(): void {
    this.objects.close();
  }
}

/** Undefined for what is not there, or was removed since its folder was read. */
function ifThere<Found>(found: Promise<Found>): Promise<Found | undefined> {
  return found.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

const byName = (files: TreeFile[]) => files.sort((a, b) => (a.name < b.name ? -1 : 1));
