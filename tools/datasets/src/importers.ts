import { DatasetError } from './dataset-error';
import type { Importer } from './importer';
import { KuaiRandImporter } from './kuairand/importer';
import { MovieLensImporter } from './ratings/movielens';
import { MovieTweetingsImporter } from './ratings/movietweetings';
import { SequencesImporter } from './sequences/importer';
import { TableImporter } from './table/importer';

/** By name, as on the command line. */
export const IMPORTERS: ReadonlyMap<string, Importer> = new Map(
  [
    new KuaiRandImporter(),
    new MovieLensImporter(),
    new MovieTweetingsImporter(),
    new SequencesImporter(),
    new TableImporter(),
  ].map((importer) => [importer.name, importer]),
);

/** @throws DatasetError */
export function importerNamed(name: string): Importer {
  const importer = IMPORTERS.get(name);
  if (importer === undefined)
    throw new DatasetError(`there is no importer for ${name}, but for ${[...IMPORTERS.keys()].join(', ')}`);
  return importer;
}
