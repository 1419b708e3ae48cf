import { DatasetError } from './dataset-error';
import type { Importer } from './importer';
import { KuaiRandImporter } from './kuairand/importer';
import { MovieTweetingsImporter } from './ratings/movietweetings';
import { SequencesImporter } from './sequences/importer';

/** By name, as on the command line. */
export const IMPORTERS: ReadonlyMap<string, Importer> = new Map(
  [new KuaiRandImporter(), new MovieTweetingsImporter(), new SequencesImporter()].map((importer) => [
    importer.name,
    importer,
  ]),
);

/** @throws DatasetError */
export function importerNamed(name: string): Importer {
  const importer = IMPORTERS.get(name);
  if (importer === undefined)
    throw new DatasetError(`there is no importer for ${name}, but for ${[...IMPORTERS.keys()].join(', ')}`);
  return importer;
}
