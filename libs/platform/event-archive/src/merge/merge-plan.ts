/** What of a partition's day is to be merged, and what a larger file has the records of. Decided by names alone. */
import { type ArchiveFile, byRange } from '../archive-files';
import { type FilePart, planReading } from '../read-plan';

/** A file that is read, and those that nobody reads for it. */
export interface Covering {
  readonly file: ArchiveFile;
  /** By range; at least one. */
  readonly covered: readonly ArchiveFile[];
}

export interface DayPlan {
  /** Runs of at least two files each that one could take the place of. */
  readonly runs: readonly (readonly FilePart[])[];
  readonly coverings: readonly Covering[];
}

/**
 * @param files of one partition in one day
 * @param maxBytes of the files of a run together
 */
export function planDay(
  files: readonly ArchiveFile[],
  sizeOf: (file: ArchiveFile) => number,
  maxBytes: number,
): DayPlan {
  const parts = planReading([...files].sort(byRange)).flatMap((plan) => plan.parts);
  const coverings = coveringsOf(files, parts);
  const settling = new Set(coverings.map(({ file }) => file));
  const runs: FilePart[][] = [];
  let runBytes = 0;
  for (const part of parts) {
    const last = runs.at(-1);
    const bytes = sizeOf(part.file);
    const follows = last !== undefined && startOf(part) === (last[last.length - 1] as FilePart).file.lastOffset + 1;
    if (follows && !settling.has(part.file) && !settling.has(last[0].file) && runBytes + bytes <= maxBytes) {
      last.push(part);
      runBytes += bytes;
    } else {
      // All of the first one goes in, so that what a file's name says it has is in it.
      runs.push([{ file: part.file, fromOffset: undefined }]);
      runBytes = bytes;
    }
  }
  return { runs: runs.filter((run) => run.length > 1), coverings };
}

/** Whether these files account for each offset of a range. */
export function accountFor(
  files: readonly ArchiveFile[],
  { firstOffset, lastOffset }: Pick<ArchiveFile, 'firstOffset' | 'lastOffset'>,
): boolean {
  let next = firstOffset;
  for (const file of [...files].sort(byRange))
    if (file.firstOffset <= next && file.lastOffset >= next) next = file.lastOffset + 1;
  return next > lastOffset;
}

/** What readers pass over is always in the range of a single file that they read. */
function coveringsOf(files: readonly ArchiveFile[], parts: readonly FilePart[]): Covering[] {
  const read = new Set(parts.map(({ file }) => file));
  const unread = files.filter((file) => !read.has(file)).sort(byRange);
  const coverings = new Map<ArchiveFile, ArchiveFile[]>();
  for (const file of unread) {
    const covering = [...read].find(
      ({ firstOffset, lastOffset }) => firstOffset <= file.firstOffset && lastOffset >= file.lastOffset,
    ) as ArchiveFile;
    coverings.set(covering, [...(coverings.get(covering) ?? []), file]);
  }
  return [...coverings].map(([file, covered]) => ({ file, covered }));
}

const startOf = ({ file, fromOffset }: FilePart): number => fromOffset ?? file.firstOffset;
