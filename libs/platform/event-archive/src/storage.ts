/**
 * Where archive files are kept: the seam between the archive, which knows Parquet and offsets, and a folder or an
 * object store, which know names and bytes.
 */
import type { ArchiveFile, ArchivePlace } from './archive-files';
import type { FilePart } from './read-plan';

/** Files that are on local disk until they are released. */
export interface LocalParts {
  /** The parts asked for; their paths are local now. */
  readonly parts: readonly FilePart[];
  release(): void;
}

export interface ArchiveStorage {
  /** Most bytes of copies that are to be local at once; undefined where files are local anyway. */
  readonly localLimitBytes: number | undefined;
  /** How messages name a topic's place, or that of a file before it has a checksum. */
  describe(topic: string, place?: ArchivePlace): string;
  /** Days that have files, ascending. */
  listDays(topic: string): Promise<string[]>;
  /** Files of one day, or of one partition in it, by partition and first offset; anything else there is passed over. */
  listDayFiles(topic: string, day: string, partition?: number): Promise<ArchiveFile[]>;
  /** All files from a day on (default: all) by partition and first offset. */
  listFiles(topic: string, fromDay?: string): Promise<ArchiveFile[]>;
  /**
   * Lets `write` make a file at a local path, then puts it into its place, whole and durable or not at all.
   * @returns the checksum in its name
   */
  place(topic: string, place: ArchivePlace, write: (path: string) => Promise<void>): Promise<string>;
  /**
   * @param verify whether to read all bytes again, of files that are local already
   * @throws ArchiveCorruptError for a file whose bytes are not those that were written
   */
  fetch(parts: readonly FilePart[], verify: boolean): Promise<LocalParts>;
  sizeOf(file: ArchiveFile): Promise<number>;
  /** When a file came into its place, by the storage's clock; undefined for one that is gone. */
  placedAtMs(file: ArchiveFile): Promise<number | undefined>;
  /** Removes a file, and copies of it that this process has. One that is gone already is no error. */
  remove(topic: string, file: ArchiveFile): Promise<void>;
  close(): void;
}
