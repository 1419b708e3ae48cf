/** Simulated archives for specs, written as the command writes them. */
import { join } from 'node:path';
import { generateArchive, type WorldOptions } from '@watchnext/simulator';

export const TINY_WORLD = { seed: 1, viewerCount: 60, videoCount: 60, dayCount: 6, endMs: Date.UTC(2026, 10, 23) };
export const PARTITION_COUNT = 2;

/** Workers run the source here, as specs do. @param file from this folder */
export const programOf = (file: string) => ({
  file: join(__dirname, file),
  execArgv: [
    '--conditions=@watchnext/source',
    '--require',
    join(__dirname, '../../../libs/testing/register-typescript.js'),
  ],
});

/** @returns the archive's folder, in the folder given */
export async function writeArchive(folder: string, world: WorldOptions = TINY_WORLD): Promise<string> {
  const archiveFolder = join(folder, 'archive');
  await generateArchive({
    world,
    archiveFolder,
    spillFolder: folder,
    partitionCount: PARTITION_COUNT,
    workerCount: 1,
    program: programOf('../../simulator/src/straight/worker.ts'),
    signal: new AbortController().signal,
  });
  return archiveFolder;
}
