/** Where the files of checkpoints are kept: in a folder, or as objects. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readdirIfThere, syncPath } from '@watchnext/folder-lock';
import { ObjectConflictError, type ObjectStore } from '@watchnext/object-store';
import { type Checkpoint, nameOf } from './checkpoint-names';
import { INCOMING_FOLDER, withIncoming } from './incoming-folder';

export interface CheckpointFiles {
  /** Names of a topic's files, without its folder; whatever else lies there is among them. */
  list(topic: string): Promise<string[]>;
  /** Copies a local file in, under the checkpoint's name: whole, or not there. */
  put(checkpoint: Checkpoint, path: string): Promise<void>;
  /** Copies a file to a local path. @param name as `nameOf` gives it */
  get(name: string, path: string): Promise<void>;
  remove(name: string): Promise<void>;
  close(): void;
}

export class FolderCheckpointFiles implements CheckpointFiles {
  constructor(private readonly directory: string) {}

  list(topic: string): Promise<string[]> {
    return readdirIfThere(join(this.directory, topic));
  }

  async put(checkpoint: Checkpoint, path: string): Promise<void> {
    const folder = join(this.directory, checkpoint.topic);
    // Another file system, perhaps: copied beside its place first, then renamed.
    await withIncoming(join(folder, INCOMING_FOLDER), checkpoint.partition, async (incoming) => {
      await pipeline(createReadStream(path), createWriteStream(incoming));
      await syncPath(incoming);
      await rename(incoming, join(this.directory, nameOf(checkpoint)));
    });
    await syncPath(folder);
  }

  async get(name: string, path: string): Promise<void> {
    await stat(join(this.directory, name));
    await pipeline(createReadStream(join(this.directory, name)), createWriteStream(path));
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.directory, name), { force: true });
  }

  close(): void {
    // Nothing is held open.
  }
}

export class ObjectCheckpointFiles implements CheckpointFiles {
  constructor(private readonly objects: ObjectStore) {}

  async list(topic: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { key } of this.objects.list(`${topic}/`)) names.push(key.slice(topic.length + 1));
    return names;
  }

  async put(checkpoint: Checkpoint, path: string): Promise<void> {
    try {
      await this.objects.upload(nameOf(checkpoint), path, { ifAbsent: true });
    } catch (error) {
      if (!(error instanceof ObjectConflictError)) throw error;
    }
  }

  get(name: string, path: string): Promise<void> {
    return this.objects.download(name, path);
  }

  remove(name: string): Promise<void> {
    return this.objects.remove(name);
  }

  close(): void {
    this.objects.close();
  }
}
