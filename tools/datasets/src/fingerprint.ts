import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { DatasetError } from './dataset-error';
import type { Importer } from './importer';
import { importerNamed } from './importers';

/** By importer: grows when the same files would become other rows or events. Of those not named here: 1. */
const VERSIONS: Readonly<Record<string, number>> = {
  table: 8,
  movielens: 5,
  movietweetings: 5,
  sequences: 3,
  kuairand: 2,
};

export interface Manner {
  readonly mappingFile?: string;
  readonly drawLists?: boolean;
  readonly partitionCount?: number;
}

/** Tells whether an import is that of an earlier time: the same files by name, size and time, imported in the same manner. */
export async function fingerprintOf(importer: Importer, path: string, manner: Manner = {}): Promise<string> {
  const { mappingFile, drawLists = true, partitionCount = 0 } = manner;
  const hash = createHash('sha256').update(
    `${VERSIONS[importer.name] ?? 1} ${importer.name} ${drawLists} ${partitionCount}`,
  );
  for (const file of await importer.files(path, mappingFile)) {
    const { size, mtimeMs } = await stat(file).catch((error: Error) => {
      throw new DatasetError(`${file} cannot be read: ${error.message}`, { cause: error });
    });
    hash.update(`\n${file} ${size} ${mtimeMs}`);
  }
  return hash.digest('hex').slice(0, 32);
}

/** Of a dataset by its importer's name. @throws DatasetError for an unknown name or a missing file */
export const datasetFingerprint = (name: string, path: string): Promise<string> =>
  fingerprintOf(importerNamed(name), path);
