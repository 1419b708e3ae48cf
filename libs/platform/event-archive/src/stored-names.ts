/** What the names of stored files say of them, for whoever has files and no archive: a backup. */
import { posix } from 'node:path';
import { sha256Of } from '@watchnext/folder-lock';
import { type ArchiveFile, byRange, dayOfFolder, parseFileName } from './archive-files';
import { checksumFile } from './checksum';
import { parseName } from './checkpoint-names';
import { planReading } from './read-plan';

/** Offsets of a partition, both included. */
export interface OffsetRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** @param name as `<topic>/dt=2026-11-23/p….parquet`; undefined for one that is no file of an archive */
export function parseArchivedRange(name: string): OffsetRange | undefined {
  const file = archiveFileOf(name);
  return file && { topic: topicOf(name), partition: file.partition, from: file.firstOffset, to: file.lastOffset };
}

/** The first offsets of each partition that no file accounts for, between its first and its last. */
export function archiveGaps(names: Iterable<string>): OffsetRange[] {
  const byTopic = new Map<string, ArchiveFile[]>();
  for (const name of names) {
    const file = archiveFileOf(name);
    if (!file) continue;
    const files = byTopic.get(topicOf(name)) ?? [];
    byTopic.set(topicOf(name), files);
    files.push(file);
  }
  return [...byTopic].flatMap(([topic, files]) =>
    planReading(files.sort(byRange)).flatMap(({ partition, gap }) => (gap ? [{ topic, partition, ...gap }] : [])),
  );
}

/**
 * Whether the bytes of a file are those that its name was given for: a CRC-32 in an archive, a SHA-256 in checkpoints.
 *
 * @param path where a copy lies
 * @returns undefined for a name that says nothing of them
 */
export async function matchesName(name: string, path: string): Promise<boolean | undefined> {
  const base = posix.basename(name);
  const file = parseFileName(base);
  if (file) return (await checksumFile(path)) === file.checksum;
  const checkpoint = parseName('', base);
  return checkpoint && (await sha256Of(path)) === checkpoint.sha256;
}

const topicOf = (name: string): string => posix.dirname(posix.dirname(name));

function archiveFileOf(name: string): ArchiveFile | undefined {
  const day = dayOfFolder(posix.basename(posix.dirname(name)));
  const parsed = parseFileName(posix.basename(name));
  return day !== undefined && parsed ? { ...parsed, day, path: name } : undefined;
}
