import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { DatasetError } from './dataset-error';

/** An archive that is not there reads as an empty one: whoever only reads asks first. @throws DatasetError for a folder that is none */
export async function requireArchiveFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: Error) => {
    throw new DatasetError(`${folder} cannot be read: ${error.message}`, { cause: error });
  });
  if (!names.includes(TOPICS.activity))
    throw new DatasetError(
      `${folder} is no archive: it has no folder ${TOPICS.activity}` +
        (names.includes('archive') ? `; did you mean ${join(folder, 'archive')}?` : ''),
    );
}
