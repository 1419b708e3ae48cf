/**
 * Checkpoints of user states, beside the archive: all states of one partition as they were after one offset, so that a
 * feature store can be restored without folding the log from its beginning.
 *
 *   <topic>/p00003-0000000000000123-<sha256>.states.gz      of format 0
 *   <topic>/p00003-0000000000000123-<sha256>.f2.states.gz   of format 2
 *
 * One file, whole or not there, named by what it holds: partition, offset of the last folded record, the SHA-256 of
 * its bytes, which is checked before the first state is believed, and the format of its states (docs/decisions/0184). Inside, gzip of entries in ascending byte order of
 * the user ids: length (4 bytes, little-endian) and bytes of the id, then of the encoded state. In a folder, one under way
 * lies in `<topic>/.incoming/`.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import type { StoredFilesSettings } from '@watchnext/config';
import { makeOwnFolder, readdirIfThere, sha256Of, syncPath } from '@watchnext/folder-lock';
import { ObjectConflictError, ObjectStore, objectStoreSettingsOf } from '@watchnext/object-store';
import { INCOMING_FOLDER, withIncoming } from './incoming-folder';
import { EventArchiveError } from './port';

export interface Checkpoint {
  readonly topic: string;
  readonly partition: number;
  /** Last record that is in the states. */
  readonly offset: number;
  /** Of the states, as in `Mark`: whoever writes a smaller one may not go on from them. */
  readonly stateFormat: number;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
}

/** What a checkpoint is of, before its bytes are known. */
export type CheckpointPlace = Omit<Checkpoint, 'sha256'>;

export interface StoredCheckpoint extends Checkpoint {
  /** Of the file. */
  readonly bytes: number;
}

export interface CheckpointedState {
  readonly userId: string;
  /** Encoded `UserState`. */
  readonly state: Uint8Array;
}

/** Its bytes are not those that were written. */
export class CheckpointCorruptError extends EventArchiveError {
  constructor(readonly checkpoint: Checkpoint) {
    const { topic, partition, offset } = checkpoint;
    super(`the checkpoint of ${topic} partition ${partition} at ${offset} is damaged`, 'checkpoint-corrupt', false);
  }
}

/** Where the files are. */
interface CheckpointFiles {
  list(topic: string): Promise<string[]>;
  /** Copies a local file in, under the checkpoint's name: whole, or not there. */
  put(checkpoint: Checkpoint, path: string): Promise<void>;
  get(name: string, path: string): Promise<void>;
  remove(name: string): Promise<void>;
  close(): void;
}

/**
 * The checkpoints that belong to the archive which the settings name.
 *
 * @param archiveFolder as for `openEventArchive`
 */
export function openCheckpoints(settings: StoredFilesSettings, archiveFolder: string): CheckpointStore {
  const cache = settings.WATCHNEXT_CACHE_DIR;
  return new CheckpointStore(
    settings.WATCHNEXT_OBJECT_STORE === 's3'
      ? new ObjectFiles(new ObjectStore(objectStoreSettingsOf(settings, 'checkpoints')))
      : new FolderFiles(join(dirname(archiveFolder), 'checkpoints')),
    // A partition may be larger than what machines have for temporary files; the cache is where large files go.
    cache === undefined ? undefined : join(cache, 'checkpoints'),
  );
}

export class CheckpointStore {
  /** @param localFolder for copies while they are made and read, each of the size of its checkpoint; default: that for temporary files */
  constructor(
    private readonly files: CheckpointFiles,
    private readonly localFolder?: string,
  ) {}

  /** Of all formats, newest first, by partition. */
  async list(topic: string): Promise<Checkpoint[]> {
    const found = (await this.files.list(topic)).flatMap((name) => parseName(topic, name) ?? []);
    return found.sort((a, b) => a.partition - b.partition || b.offset - a.offset || b.stateFormat - a.stateFormat);
  }

  /** @param states ascending by the bytes of the user ids */
  async write(
    { topic, partition, offset, stateFormat }: CheckpointPlace,
    states: AsyncIterable<CheckpointedState>,
  ): Promise<StoredCheckpoint> {
    const folder = await this.makeLocalFolder();
    try {
      const path = join(folder, LOCAL_NAME);
      const zip = createGzip({ level: constants.Z_BEST_SPEED });
      await pipeline(Readable.from(framed(states), { objectMode: true }), zip, createWriteStream(path));
      const checkpoint = { topic, partition, offset, stateFormat, sha256: await sha256Of(path) };
      await syncPath(path);
      const { size: bytes } = await stat(path);
      await this.files.put(checkpoint, path);
      return { ...checkpoint, bytes };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Checked whole before the first state comes. @throws CheckpointCorruptError */
  async *read(checkpoint: Checkpoint): AsyncGenerator<CheckpointedState> {
    const folder = await this.makeLocalFolder();
    try {
      const path = join(folder, LOCAL_NAME);
      await this.files.get(nameOf(checkpoint), path);
      if ((await sha256Of(path)) !== checkpoint.sha256) throw new CheckpointCorruptError(checkpoint);
      const unzipped = createGunzip();
      // What fails of either comes out of the one that is read, and closes the other.
      pipeline(createReadStream(path), unzipped).catch(() => undefined);
      yield* unframed(unzipped);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  remove(checkpoint: Checkpoint): Promise<void> {
    return this.files.remove(nameOf(checkpoint));
  }

  close(): void {
    this.files.close();
  }

  /** For personal data: what a process that was killed left goes with the next. The caller removes it. */
  private makeLocalFolder(): Promise<string> {
    // Machines may share a cache; none looks into the temporary files of another.
    return this.localFolder === undefined
      ? makeOwnFolder(tmpdir(), OWN_FOLDER)
      : makeOwnFolder(this.localFolder, OWN_FOLDER, { isShared: true });
  }
}

const OWN_FOLDER = 'watchnext-checkpoint';
const LOCAL_NAME = 'states.gz';

const NAME = /^p(\d{5,})-(\d{16})-([0-9a-f]{64})(?:\.f([1-9]\d*))?\.states\.gz$/;

function nameOf({ topic, partition, offset, stateFormat, sha256 }: Checkpoint): string {
  const place = `p${String(partition).padStart(5, '0')}-${String(offset).padStart(16, '0')}`;
  const format = stateFormat === 0 ? '' : `.f${stateFormat}`;
  return `${topic}/${place}-${sha256}${format}.states.gz`;
}

/** What a file's name says; undefined for a file that is no checkpoint. */
export function parseName(topic: string, name: string): Checkpoint | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [, partition, offset, sha256, stateFormat = 0] = match;
  return {
    topic,
    partition: Number(partition),
    offset: Number(offset),
    stateFormat: Number(stateFormat),
    sha256: sha256 as string,
  };
}

async function* framed(states: AsyncIterable<CheckpointedState>): AsyncGenerator<Buffer> {
  for await (const { userId, state } of states) {
    const id = Buffer.from(userId);
    const lengths = [Buffer.alloc(4), Buffer.alloc(4)] as const;
    lengths[0].writeUInt32LE(id.length);
    lengths[1].writeUInt32LE(state.length);
    yield Buffer.concat([lengths[0], id, lengths[1], state]);
  }
}

async function* unframed(bytes: AsyncIterable<Buffer>): AsyncGenerator<CheckpointedState> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      if (rest.length - at < 4) break;
      const idEnd = at + 4 + rest.readUInt32LE(at);
      if (rest.length < idEnd + 4) break;
      const stateEnd = idEnd + 4 + rest.readUInt32LE(idEnd);
      if (rest.length < stateEnd) break;
      yield { userId: rest.toString('utf8', at + 4, idEnd), state: Buffer.from(rest.subarray(idEnd + 4, stateEnd)) };
      at = stateEnd;
    }
    rest = rest.subarray(at);
  }
}

class FolderFiles implements CheckpointFiles {
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

class ObjectFiles implements CheckpointFiles {
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
