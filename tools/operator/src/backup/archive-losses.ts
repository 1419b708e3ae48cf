/**
 * What an archive had when it was backed up before, and has no more. Its files never change and their records never go:
 * merges and forgotten users put another file in a file's place, with the same offsets.
 */
import { type OffsetRange, parseArchivedRange } from '@watchnext/event-archive';
import type { BackedUpFile } from './manifest';

const ARCHIVE = 'archive/';

export interface ArchiveLosses {
  /** Files between others, or before them, whose offsets the archive has not all. */
  readonly files: readonly BackedUpFile[];
  /** Partitions that end before they did: a file was lost at the end, or it is another system's archive. */
  readonly shortened: readonly OffsetRange[];
}

/** What of a backup's names is in the archive, under the archive's names. */
export const archiveNames = (names: Iterable<string>): string[] =>
  [...names].flatMap((name) => (name.startsWith(ARCHIVE) ? [name.slice(ARCHIVE.length)] : []));

/**
 * @param earlier files of the earlier backup
 * @param present names in the backup of those that there are now
 */
export function archiveLosses(earlier: readonly BackedUpFile[], present: ReadonlySet<string>): ArchiveLosses {
  const covered = coverage(archiveNames(present));
  const files: BackedUpFile[] = [];
  const shortened = new Map<string, OffsetRange>();
  for (const file of earlier) {
    const range = present.has(file.name) ? undefined : parseArchivedRange(archiveNames([file.name])[0] ?? '');
    if (!range) continue;
    const runs = covered.get(keyOf(range)) ?? [];
    const end = runs.at(-1)?.to ?? -1;
    if (range.to > end) {
      const to = Math.max(range.to, shortened.get(keyOf(range))?.to ?? 0);
      shortened.set(keyOf(range), { ...range, from: end + 1, to });
    } else if (!runs.some(({ from, to }) => from <= range.from && range.to <= to)) files.push(file);
  }
  return { files, shortened: [...shortened.values()] };
}

export const describeRange = ({ topic, partition, from, to }: OffsetRange): string =>
  `the archive of ${topic}, partition ${partition}, lacks offsets ${from} to ${to}`;

const keyOf = ({ topic, partition }: OffsetRange): string => `${topic}/${partition}`;

/** Runs of offsets without a gap, ascending, by partition. */
function coverage(names: readonly string[]): Map<string, OffsetRange[]> {
  const runs = new Map<string, OffsetRange[]>();
  const ranges = names.flatMap((name) => parseArchivedRange(name) ?? []);
  for (const range of ranges.sort((a, b) => a.from - b.from)) {
    const own = runs.get(keyOf(range)) ?? [];
    runs.set(keyOf(range), own);
    const last = own.at(-1);
    if (last && range.from <= last.to + 1) own[own.length - 1] = { ...last, to: Math.max(last.to, range.to) };
    else own.push(range);
  }
  return runs;
}
