/**
 * Records on disk, first in first out: where events wait while the collector cannot be reached.
 *
 *   <directory>/00000001.spool …           segments: records, each behind its length and checksum
 *   <directory>/00000001.spool.damaged …   what lay between them and is no record: for who wants to look, read by nobody here
 *   <directory>/position.json              how far the first segment has been delivered
 *   <directory>/lock/                      the claim of the client that uses the folder
 *
 * An append is on the disk once it resolves. A crash in the middle of one leaves a torn record at the end, which is
 * cut off when the spool is next opened: its append had not resolved. What does not read and has whole records behind it is
 * damage instead: it is set aside, and they stay. A crash after a delivery and before the position
 * was written means that some records are delivered again, which their event ids make harmless.
 */
import { type FileHandle, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderInUseError, lockFolder, syncNamesBeside } from '@watchnext/folder-lock';
import { SpoolDamagedError, SpoolError, SpoolFullError, SpoolInUseError } from './errors';
import { findRecord, headerOf, partRecords, recordsOf } from './spool-records';

export interface SpoolOptions {
  readonly directory: string;
  /** Of all segments together. */
  readonly limitBytes: number;
  /** A segment is closed once it is this large, and removed once it is delivered; default 8 MiB. */
  readonly segmentBytes?: number;
  /** Told of what is set aside while the spool is opened. */
  readonly onDamaged?: (error: SpoolDamagedError) => void;
}

/** The next records, and what `advance` wants to know once they are delivered. */
export interface SpoolBatch {
  readonly records: readonly Uint8Array[];
  readonly end: SpoolPosition;
}

interface SpoolPosition {
  readonly segment: number;
  readonly offset: number;
}

interface Segment {
  readonly number: number;
  sizeBytes: number;
}

const LOCK_FOLDER = 'lock';
const DEFAULT_SEGMENT_BYTES = 8 << 20;
const OPEN_REMEDY =
  '. Until it can, nothing is delivered: give spoolDirectory a folder that this program may write to, or leave it out';

export class Spool {
  /** Records not yet delivered. */
  recordCount = 0;
  private segments: Segment[] = [];
  private position: SpoolPosition = { segment: 0, offset: 0 };
  private tail: FileHandle | undefined;
  private unlock: () => Promise<void> = async () => undefined;
  private lastOperation: Promise<unknown> = Promise.resolve();

  private constructor(private readonly options: SpoolOptions) {}

  /** @throws SpoolInUseError, SpoolError */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = await Spool.locked(options);
    try {
      await spool.guard('open', () => spool.load(), OPEN_REMEDY);
    } catch (error) {
      await spool.close();
      throw error;
    }
    return spool;
  }

  /** Keeps the folder to its caller, and leaves what it holds as it is. @throws SpoolInUseError, SpoolError */
  static claim(directory: string): Promise<Pick<Spool, 'close'>> {
    return Spool.locked({ directory, limitBytes: 0 });
  }

  private static async locked(options: SpoolOptions): Promise<Spool> {
    const { directory } = options;
    const spool = new Spool(options);
    const lock = async () => {
      try {
        spool.unlock = await lockFolder(join(directory, LOCK_FOLDER));
      } catch (error) {
        throw error instanceof FolderInUseError ? new SpoolInUseError(directory, error.processId) : error;
      }
    };
    await spool.guard('open', lock, OPEN_REMEDY);
    return spool;
  }

  get isEmpty(): boolean {
    return this.recordCount === 0;
  }

  get sizeBytes(): number {
    return this.segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Appends all of the records, of which none may be empty, or none. @throws SpoolFullError, SpoolError */
  append(records: readonly Uint8Array[]): Promise<void> {
    return this.guard('append to', async () => {
      const bytes = Buffer.concat(records.flatMap((record) => [headerOf(record), record]));
      if (this.sizeBytes + bytes.length > this.options.limitBytes) {
        throw new SpoolFullError(this.options.directory, this.options.limitBytes);
      }
      const { handle, segment } = await this.openTail();
      try {
        await writeFully(handle, bytes, segment.sizeBytes);
        await handle.datasync();
        // A segment is no more durable than its name.
        if (segment.sizeBytes === 0) await syncNamesBeside(this.options.directory);
      } catch (error) {
        // What was written of it must not be taken for records later.
        await handle.truncate(segment.sizeBytes).catch(() => undefined);
        throw error;
      }
      segment.sizeBytes += bytes.length;
      this.recordCount += records.length;
    });
  }

  /** The next records, at least one unless the spool is empty, and at most so many and so large. @throws SpoolError */
  read(maxRecords: number, maxBytes: number): Promise<SpoolBatch> {
    return this.guard('read', async () => {
      const records: Uint8Array[] = [];
      let end = this.position;
      let bytes = 0;
      for (const segment of this.segments) {
        let offset = segment.number === end.segment ? end.offset : 0;
        const handle = await open(this.pathOf(segment.number), 'r');
        try {
          for await (const { record, nextOffset } of recordsOf(handle, offset, segment.sizeBytes)) {
            const isFull = records.length === maxRecords || bytes + record.length > maxBytes;
            if (records.length > 0 && isFull) return { records, end };
            records.push(record);
            bytes += record.length;
            offset = nextOffset;
            end = { segment: segment.number, offset };
          }
        } finally {
          await handle.close();
        }
        if (offset < segment.sizeBytes) {
          if (records.length > 0) return { records, end };
          throw new SpoolError(
            `${this.pathOf(segment.number)} is damaged at byte ${offset}: a restart sets the damage aside, and goes on behind it`,
          );
        }
      }
      return { records, end };
    });
  }

  /** Forgets delivered records: the first `count`, up to `end`. @throws SpoolError */
  advance(count: number, end: SpoolPosition): Promise<void> {
    return this.guard('advance', async () => {
      const isDone = (segment: Segment) =>
        segment.number < end.segment || (segment.number === end.segment && end.offset >= segment.sizeBytes);
      const rest = this.segments.filter((segment) => !isDone(segment));
      if (rest.length === 0) await this.closeTail();
      await this.writePosition(end);
      for (const segment of this.segments) if (isDone(segment)) await rm(this.pathOf(segment.number), { force: true });
      this.segments = rest;
      this.position = end;
      this.recordCount -= count;
    });
  }

  async close(): Promise<void> {
    await this.lastOperation;
    await this.closeTail();
    await this.unlock();
  }

  private async load(): Promise<void> {
    const names = (await readdir(this.options.directory)).filter((name) => /^\d{8,}\.spool$/.test(name)).sort();
    this.segments = [];
    this.position = await this.readPosition();
    for (const name of names) {
      const number = Number(name.slice(0, -'.spool'.length));
      // Delivered: a crash came between the position and its removal.
      if (number < this.position.segment) await rm(this.pathOf(number), { force: true });
      else this.segments.push({ number, sizeBytes: (await stat(this.pathOf(number))).size });
    }
    for (const segment of this.segments) await this.countRecords(segment);
  }

  private async countRecords(segment: Segment): Promise<void> {
    const path = this.pathOf(segment.number);
    let count = 0;
    let end = this.startOf(segment);
    const handle = await open(path, 'r+');
    try {
      for await (const { nextOffset } of recordsOf(handle, end, segment.sizeBytes)) {
        count += 1;
        end = nextOffset;
      }
      if (end < segment.sizeBytes) {
        const bytes = await readFile(path);
        const isTorn = segment === this.segments.at(-1) && findRecord(bytes, end + 1) === undefined;
        if (isTorn) {
          await handle.truncate(end);
          segment.sizeBytes = end;
        } else {
          count = await this.setDamageAside(segment, bytes);
        }
      }
    } finally {
      await handle.close();
    }
    this.recordCount += count;
  }

  /** @returns how many records are left in the segment: the whole ones that are not delivered */
  private async setDamageAside(segment: Segment, bytes: Buffer): Promise<number> {
    const { whole, damaged } = partRecords(bytes, this.startOf(segment));
    const path = this.pathOf(segment.number);
    const asidePath = `${path}.damaged`;
    await writeDurably(asidePath, Buffer.concat(damaged), 'a');
    const rest = Buffer.concat(whole);
    await writeDurably(`${path}.new`, rest, 'w');
    if (segment.number === this.position.segment) {
      // Before the segment is another: after a crash in between records are delivered again, instead of being passed over.
      this.position = { segment: segment.number, offset: 0 };
      await this.writePosition(this.position);
    }
    await rename(`${path}.new`, path);
    segment.sizeBytes = rest.length;
    this.options.onDamaged?.(new SpoolDamagedError(asidePath, bytesOf(damaged)));
    return whole.length;
  }

  private startOf({ number }: Segment): number {
    return number === this.position.segment ? this.position.offset : 0;
  }

  private async openTail(): Promise<{ handle: FileHandle; segment: Segment }> {
    let segment = this.segments.at(-1);
    if (!segment || segment.sizeBytes >= (this.options.segmentBytes ?? DEFAULT_SEGMENT_BYTES)) {
      await this.closeTail();
      // Never a number of before: the position may still speak of it.
      segment = { number: Math.max(segment?.number ?? 0, this.position.segment) + 1, sizeBytes: 0 };
      this.tail = await open(this.pathOf(segment.number), 'wx+');
      this.segments.push(segment);
    }
    this.tail ??= await open(this.pathOf(segment.number), 'r+');
    return { handle: this.tail, segment };
  }

  private async closeTail(): Promise<void> {
    await this.tail?.close();
    this.tail = undefined;
  }

  private async readPosition(): Promise<SpoolPosition> {
    try {
      const text = await readFile(join(this.options.directory, 'position.json'), 'utf8');
      const { segment, offset } = JSON.parse(text) as SpoolPosition;
      if (Number.isSafeInteger(segment) && Number.isSafeInteger(offset)) return { segment, offset };
    } catch {
      // Without a position everything there is delivered, perhaps again.
    }
    return { segment: 0, offset: 0 };
  }

  /** Not flushed, which each delivery would wait for: what a loss of power leaves of it means that some records are delivered again. */
  private async writePosition(position: SpoolPosition): Promise<void> {
    const path = join(this.options.directory, 'position.json');
    await writeFile(`${path}.new`, JSON.stringify(position));
    await rename(`${path}.new`, path);
  }

  private pathOf(segment: number): string {
    return join(this.options.directory, `${String(segment).padStart(8, '0')}.spool`);
  }

  /** One operation at a time; errors of the file system become SpoolErrors. */
  private guard<T>(action: string, work: () => Promise<T>, remedy = ''): Promise<T> {
    const operation = this.lastOperation.then(work).catch((error: unknown) => {
      const { syscall, message } = error as NodeJS.ErrnoException;
      if (syscall === undefined) throw error;
      throw new SpoolError(`cannot ${action} the spool ${this.options.directory}: ${message}${remedy}`, {
        cause: error,
      });
    });
    this.lastOperation = operation.catch(() => undefined);
    return operation;
  }
}

const bytesOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0);

async function writeDurably(path: string, bytes: Uint8Array, flags: 'a' | 'w'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.writeFile(bytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
