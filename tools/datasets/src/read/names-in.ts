import { readdir } from 'node:fs/promises';
import { DatasetError } from '../dataset-error';

/** Names in a folder, sorted. @throws DatasetError when it is none */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw new DatasetError(`${folder} is no folder that can be read`, { cause: error });
  }
}
