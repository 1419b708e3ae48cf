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
import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import type { StoredFilesSettings } from '@watchnext/config';
import { makeOwnFolder, sha256Of, syncPath } from '@watchnext/folder-lock';
import { ObjectStore, objectStoreSettingsOf } from '@watchnext/object-store';
import { type CheckpointFiles, FolderCheckpointFiles, ObjectCheckpointFiles } from './checkpoint-files';
import { type Checkpoint, type CheckpointPlace, nameOf, parseName } from './checkpoint-names';
import { EventArchiveError } from './port';

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

/**
 * The checkpoints that belong to the archive which the settings name.
 *
 * @param archiveFolder as for `openEventArchive`
 */
export function openCheckpoints(settings: StoredFilesSettings, archiveFolder: string): CheckpointStore {
  const cache = settings.WATCHNEXT_CACHE_DIR;
  return new CheckpointStore(
    settings.WATCHNEXT_OBJECT_STORE === 's3'
      ? new ObjectCheckpointFiles(new ObjectStore(objectStoreSettingsOf(settings, 'checkpoints')))
      : new FolderCheckpointFiles(join(dirname(archiveFolder), 'checkpoints')),
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
