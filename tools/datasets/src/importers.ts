import type { Importer } from './importer';
import { KuaiRandImporter } from './kuairand/importer';

/** By name, as on the command line. */
export const IMPORTERS: ReadonlyMap<string, Importer> = new Map(
  [new KuaiRandImporter()].map((importer) => [importer.name, importer]),
);
