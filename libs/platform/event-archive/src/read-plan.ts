/** Which part of which file to read, so that every record comes once. */
import type { ArchiveFile } from './archive-files';
import { EventArchiveError } from './port';

export interface FilePart {
  readonly file: ArchiveFile;
  /** Records below are in an earlier file already; undefined: read the whole file. */
  readonly fromOffset: number | undefined;
  /** Records from here on are in another part of the file; undefined: read it to its end. */
  readonly endOffset?: number;
}

export interface PartitionPlan {
  readonly partition: number;
  /** In offset order, without overlap. */
  readonly parts: readonly FilePart[];
  /** Offsets that no file accounts for, between the first and the last file; undefined when there is no such gap. */
  readonly gap: { readonly from: number; readonly to: number } | undefined;
}

/** A file between others of its partition is not there. */
export class ArchiveGapError extends EventArchiveError {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly from: number,
    readonly to: number,
  ) {
    super(
      `archive of ${topic}, partition ${partition}, lacks offsets ${from} to ${to}: restore the file or archive them again from the log`,
      'archive-gap',
      false,
    );
  }
}

/** @param files by partition, first offset and last offset */
export function planReading(files: readonly ArchiveFile[]): PartitionPlan[] {
  const plans: PartitionPlan[] = [];
  for (const partition of new Set(files.map((file) => file.partition))) {
    const parts: FilePart[] = [];
    let gap: PartitionPlan['gap'];
    let next: number | undefined;
    const own = files.filter((file) => file.partition === partition);
    for (const [index, file] of own.entries()) {
      // What begins as a longer one is all in it; or it is an accepted gap, which somebody had the records of all the same.
      const following = own[index + 1];
      if (following?.firstOffset === file.firstOffset && following.lastOffset > file.lastOffset) continue;
      if (next !== undefined && file.firstOffset > next) gap ??= { from: next, to: file.firstOffset - 1 };
      if (next !== undefined && file.lastOffset < next) continue;
      parts.push({ file, fromOffset: next !== undefined && file.firstOffset < next ? next : undefined });
      next = file.lastOffset + 1;
    }
    plans.push({ partition, parts, gap });
  }
  return plans;
}

/** One file in turn for so many of DuckDB's readers that its lists of files stay short. */
const FILES_PER_QUERY = 256;

/**
 * Runs of whole files together, and each partly read file alone, so that the order needs no sorting.
 *
 * @param limitBytes of one run, unless a single file is larger
 */
export function groupInOrder(parts: readonly FilePart[], limitBytes = Infinity): FilePart[][] {
  const groups: FilePart[][] = [];
  let groupBytes = 0;
  for (const part of parts) {
    const last = groups.at(-1);
    const bytes = part.file.sizeBytes ?? 0;
    const canJoin =
      last &&
      last.length < FILES_PER_QUERY &&
      groupBytes + bytes <= limitBytes &&
      part.fromOffset === undefined &&
      last[0]?.fromOffset === undefined;
    if (canJoin) {
      last.push(part);
      groupBytes += bytes;
    } else {
      groups.push([part]);
      groupBytes = bytes;
    }
  }
  return groups;
}

/** The parts in turn. @param limitBytes of files together, unless a single one is larger */
export function groupByBytes(parts: readonly FilePart[], limitBytes = Infinity): FilePart[][] {
  const groups: FilePart[][] = [];
  let groupBytes = 0;
  for (const part of parts) {
    const bytes = part.file.sizeBytes ?? 0;
    if (groups.length === 0 || groupBytes + bytes > limitBytes) {
      groups.push([]);
      groupBytes = 0;
    }
    groups.at(-1)!.push(part);
    groupBytes += bytes;
  }
  return groups;
}

/** Plans without the partitions and the records that are not asked for. */
export function narrowPlans(
  plans: readonly PartitionPlan[],
  { partition, fromOffset = 0 }: { readonly partition?: number; readonly fromOffset?: number },
): PartitionPlan[] {
  return plans
    .filter((plan) => partition === undefined || plan.partition === partition)
    .map((plan) => ({
      ...plan,
      parts: plan.parts
        .filter(({ file }) => file.lastOffset >= fromOffset)
        .map((part) => {
          const from = Math.max(part.fromOffset ?? 0, fromOffset);
          return from > part.file.firstOffset ? { ...part, fromOffset: from } : part;
        }),
    }))
    .filter(({ parts }) => parts.length > 0);
}
