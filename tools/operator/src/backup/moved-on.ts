/** A system goes on while it is saved: small files of its archive are merged into large ones, old checkpoints are let go of. */
import { posix } from 'node:path';
import { parseArchiveFileName } from '@watchnext/event-archive';
import { ObjectNotFoundError } from '@watchnext/object-store';
import type { FileTree, TreeFile } from './file-tree';

/** A file of the system, and where it goes in the backup. */
export interface Part extends TreeFile {
  readonly tree: FileTree;
  readonly prefix: string;
}

export const backedUpName = ({ prefix, name }: Part): string => prefix + name;

/** Whether it says, of itself or of what it was made from, that a file is not there. */
export function isGone(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return error instanceof ObjectNotFoundError || code === 'ENOENT' || isGone(cause);
}

/**
 * What is left to save of a tree that was listed again, since a file of it was not there any more.
 *
 * @param rest parts still to be saved, of any tree
 * @param planned names in the backup of all that ever were to be saved
 * @param takesNew whether what came since is saved too: what stands in for removed files of an archive may be new
 * @returns undefined where nothing is gone, or something is that nothing stands in for: it is missing then
 */
export function partsLeft(
  rest: readonly Part[],
  { tree, prefix }: Pick<Part, 'tree' | 'prefix'>,
  present: readonly TreeFile[],
  planned: ReadonlySet<string>,
  takesNew: boolean,
): readonly Part[] | undefined {
  const names = new Set(present.map(({ name }) => name));
  const isThere = (part: Part) => part.tree !== tree || names.has(part.name);
  const gone = rest.filter((part) => !isThere(part));
  if (gone.length === 0 || !gone.every(({ name }) => present.some((file) => standsFor(file.name, name))))
    return undefined;
  const all = present.map((file) => ({ tree, prefix, ...file }));
  return [...rest.filter(isThere), ...(takesNew ? all.filter((part) => !planned.has(backedUpName(part))) : [])];
}

/** A file of the archive for one whose offsets it has, a checkpoint for any other of its partition. */
function standsFor(present: string, gone: string): boolean {
  if (posix.dirname(present) !== posix.dirname(gone)) return false;
  const [there, missing] = [present, gone].map((name) => posix.basename(name));
  const [range, wanted] = [there, missing].map(parseArchiveFileName);
  if (range && wanted) {
    const isOfPartition = range.partition === wanted.partition;
    return isOfPartition && range.firstOffset <= wanted.firstOffset && range.lastOffset >= wanted.lastOffset;
  }
  const [of, ofMissing] = [there, missing].map((name) => /^p\d+/.exec(name)?.[0]);
  return range === undefined && wanted === undefined && of !== undefined && of === ofMissing;
}
