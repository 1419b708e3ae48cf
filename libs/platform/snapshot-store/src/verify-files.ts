/** Holds files against their digests: what takes long, on a thread of its own, since requests wait for the thread that asks. */
import { join } from 'node:path';
import { onTaskThread } from '@watchnext/threads';
import { type FileDigests, type FileFault, findFault } from './digests';
import { type FileFilter, SnapshotCorruptError } from './port';

/** Compiled also where the library runs from its sources, as in specs: build first. */
const PROGRAM = join(__dirname, '..', 'dist', 'verify-program.js');

/** Fewer bytes are hashed in the time that a thread takes to start. */
const FEWEST_BYTES_OF_A_THREAD = 16 * 2 ** 20;

export interface VerifyTask {
  readonly directory: string;
  readonly files: FileDigests;
}

/** Of a manifest's files, those that are meant. */
export function chosenFiles(files: FileDigests, only: FileFilter | undefined): FileDigests {
  return only ? Object.fromEntries(Object.entries(files).filter(([file]) => only(file))) : files;
}

/**
 * @returns the first file that is missing or differs from its digest
 * @throws the signal's reason
 */
export function faultOf(directory: string, files: FileDigests, signal?: AbortSignal): Promise<FileFault | undefined> {
  const sizeBytes = Object.values(files).reduce((sum, file) => sum + file.sizeBytes, 0);
  return sizeBytes < FEWEST_BYTES_OF_A_THREAD
    ? findFault(directory, files, signal)
    : onTaskThread(PROGRAM, 'verifies files', { directory, files } satisfies VerifyTask, signal);
}

/** @throws SnapshotCorruptError naming the first file that is missing or differs; the signal's reason */
export async function verifyFiles(
  snapshotId: string,
  directory: string,
  files: FileDigests,
  signal?: AbortSignal,
): Promise<void> {
  const fault = await faultOf(directory, files, signal);
  if (fault) throw new SnapshotCorruptError(snapshotId, fault.file, fault.detail);
}
