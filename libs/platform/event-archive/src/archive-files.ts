/**
 * Names and places of archive files:
 *
 *   <directory>/<topic>/dt=2026-11-23/p00003-0000000000000100-0000000000000199-9f03ab12.parquet
 *
 * holds what the log had of partition 3 from offset 100 to 199, both included, and its bytes have the CRC-32 9f03ab12:
 * Parquet itself, as DuckDB writes it, let 4 of 10 flipped bits pass as other data. The range says which offsets are
 * accounted for, not which are there: compaction and retention may have removed some before they were archived, and the
 * markers of transactions are no records. A file may have none at all. So the ranges of a partition follow each other without gaps, and a file that went missing shows.
 */
import { join } from 'node:path';
import { DAY_MS } from '@watchnext/features';

export interface ArchivePlace {
  /** Folder, as "2026-11-23". */
  readonly day: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

export interface ArchiveFile extends ArchivePlace {
  /** Where the storage has it: a path, or an object's key. */
  readonly path: string;
  /** What it takes to hold a copy; undefined where it is local already. */
  readonly sizeBytes?: number;
  /** CRC-32 of its bytes, eight hexadecimal digits. */
  readonly checksum: string;
}

/** Of what accounts for offsets before the first record: no day that a record lies in is earlier. */
export const FIRST_DAY = '1970-01-01';
/** No day is later. */
export const LAST_DAY = '9999-12-31';

const DAY_PREFIX = 'dt=';
const FILE_NAME = /^p(\d{5,})-(\d{16})-(\d{16})-([0-9a-f]{8})\.parquet$/;
/** Last millisecond whose year has four digits, so that days sort as text. */
const MAX_DAY_MS = Date.UTC(9999, 11, 31);

/** File systems and object stores both take these; nothing that leads out of the archive. */
export function isTopicName(topic: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,248}$/.test(topic);
}

export function dayFolder(directory: string, topic: string, day: string): string {
  return join(directory, topic, `${DAY_PREFIX}${day}`);
}

const partitionPrefix = (partition: number): string => `p${String(partition).padStart(5, '0')}-`;

/** What the files of a day begin with, or only those of a partition. */
export function dayPrefix(topic: string, day: string, partition?: number): string {
  return `${dayFolder('', topic, day)}/${partition === undefined ? '' : partitionPrefix(partition)}`;
}

/** The file of a place; without a checksum, as it is named before it is written. */
export function archivePath(directory: string, topic: string, place: ArchivePlace, checksum?: string): string {
  const offsets = [place.firstOffset, place.lastOffset].map((offset) => String(offset).padStart(16, '0'));
  const parts = checksum === undefined ? offsets : [...offsets, checksum];
  const name = `${partitionPrefix(place.partition)}${parts.join('-')}.parquet`;
  return join(dayFolder(directory, topic, place.day), name);
}

/** UTC day of a time; times beyond any calendar count as its ends. */
export function dayOf(timeMs: number): string {
  const bounded = Number.isFinite(timeMs) ? Math.min(Math.max(timeMs, 0), MAX_DAY_MS) : 0;
  return new Date(bounded).toISOString().slice(0, 10);
}

/**
 * The day that a record would lie in by itself: when it was received, unless that is more than a day after the log
 * took it. Then a clock was wrong, and believing it would drag all that follows in the partition into the future.
 */
export function dayOfRecord(receivedAtMs: number | undefined, timestampMs: number): string {
  if (!receivedAtMs || receivedAtMs <= 0 || receivedAtMs > timestampMs + DAY_MS) return dayOf(timestampMs);
  return dayOf(receivedAtMs);
}

/** The day that a folder's name says; undefined for other names. */
export function dayOfFolder(name: string): string | undefined {
  return /^dt=\d{4}-\d{2}-\d{2}$/.test(name) ? name.slice(DAY_PREFIX.length) : undefined;
}

/** What a file's name says; undefined for a file that is none of the archive's. */
export function parseFileName(name: string): Omit<ArchiveFile, 'path' | 'day'> | undefined {
  const match = FILE_NAME.exec(name);
  if (!match) return undefined;
  const [partition, firstOffset, lastOffset] = match.slice(1, 4).map(Number) as [number, number, number];
  return { partition, firstOffset, lastOffset, checksum: match[4] as string };
}

/** By partition and first offset; of files of one range everybody reads the same one. */
export function byRange(a: ArchiveFile, b: ArchiveFile): number {
  return (
    a.partition - b.partition ||
    a.firstOffset - b.firstOffset ||
    a.lastOffset - b.lastOffset ||
    (a.checksum < b.checksum ? -1 : a.checksum > b.checksum ? 1 : 0)
  );
}

/** Tells a topic's files apart, wherever they are stored: other bytes have another one. */
export function identityOf({ day, partition, firstOffset, lastOffset, checksum }: Omit<ArchiveFile, 'path'>): string {
  return [day, partition, firstOffset, lastOffset, checksum].join('/');
}
