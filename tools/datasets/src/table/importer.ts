/** Any log as a table: CSV, JSON lines or Parquet, with a mapping file that says which column is what. */
import { access, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DatasetError } from '../dataset-error';
import type { Importer, LoadOptions } from '../importer';
import { namesIn } from '../read/names-in';
import type { Staging } from '../staging/staging';
import { shortened } from './interpret';
import { loadTable } from './load';
import { type Mapping, readMapping } from './mapping';
import { isTable, remedyForPacked } from './table-file';

const MAPPING = `A table becomes events as its mapping file says (docs/bring-your-data.md has the format). PATH is a CSV, TSV, JSON lines or Parquet
file, or a folder of such files with equal columns. Without --mapping, one is proposed from a sample of the file.
  log      each row a Watch; with "clicked", an impression, and a Watch too where that is 1 or true. A page is a request
           (requestId) or, without, one user and one UTC day; a page's lists are served at its first impression.
           Seconds watched: watchSeconds, or of a rating 40% of the video at the lowest to all of it at the highest, or
           neither: then all of it. A video whose duration is not known counts as 60 s long in that. Of impressions that
           were not watched neither is read.
  videos   each row a VideoUpserted. Without it the facts of a video are those of its first row in the log, if any.
  users    each row a UserUpserted.
Without "clicked" each watch comes out of a list of five: the video among four that other users watched around the same
time (surface "drawn"); --no-drawn-lists leaves that out, and ranking without anything to learn from.
Order: catalogue, users, then activity by time. Ids follow from line, and of a folder from the file's name.
Nothing is told where a cell is empty or NULL, null, \\N, NaN, nan, None, <NA>; a user of -1 is nobody, as is 0 with
a hundred rows and more than ten times those of any of ten others: their rows are left out, and are not among the bad ones.`;

export interface TableFiles {
  /** Ids of rows hold the name: it does not go by what lies beside the file. */
  readonly log: readonly { readonly path: string; readonly name: string }[];
  readonly videos: string | undefined;
  readonly users: string | undefined;
}

export class TableImporter implements Importer {
  readonly name = 'table';
  /** Where it has none, none are staged, and lists are drawn. */
  readonly hasImpressions = false;

  describeMapping(): string {
    return MAPPING;
  }

  async files(path: string, mappingFile?: string): Promise<string[]> {
    const { log, videos, users, mappingFile: used } = await this.find(path, mappingFile);
    return [...log.map(({ path: file }) => file), videos, users, used].filter((file) => file !== undefined);
  }

  async load(path: string, staging: Staging, options: LoadOptions): Promise<void> {
    const found = await this.find(path, options.mappingFile);
    await loadTable(found, found.mapping, staging, options);
  }

  private async find(
    path: string,
    namedFile: string | undefined,
  ): Promise<TableFiles & { mapping: Mapping; mappingFile: string }> {
    const mappingFile = namedFile ?? (await keptMappingFile(path));
    const mapping = await readMapping(mappingFile);
    const isOfMany = await isFolder(path);
    const folder = isOfMany ? path : dirname(path);
    const [videos, users] = [mapping.videos?.file, mapping.users?.file].map((file) =>
      file === undefined ? undefined : join(folder, file),
    );
    const isOther = (file: string) =>
      file === videos || file === users || (isOfMany && resolve(file) === resolve(mappingFile));
    const log = (await logFiles(path))
      .filter((file) => !isOther(file))
      .map((file) => ({ path: file, name: isOfMany ? shortened(basename(file)) : 'log' }));
    if (log.length === 0) throw new DatasetError(`${path} holds no table besides those of videos and users`);
    return { log, videos, users, mapping, mappingFile };
  }
}

/** Where a mapping that was proposed is kept. @throws DatasetError where there is no such table */
export const mappingFileBeside = async (path: string): Promise<string> =>
  (await isFolder(path)) ? join(path, 'mapping.json') : `${path}.mapping.json`;

export const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** What an earlier time left beside the table, for who proposes none. */
async function keptMappingFile(path: string): Promise<string> {
  const file = await mappingFileBeside(path);
  if (await isThere(file)) return file;
  throw new DatasetError(
    `a table needs a mapping file that says which column is what: --mapping FILE, or ${file}, which "npm run validate -- table ${path}" proposes and writes, as an import does`,
  );
}

/** The table, or those of the folder, by name. */
export async function logFiles(path: string): Promise<string[]> {
  if (!(await isFolder(path))) return [path];
  const all = await namesIn(path);
  const names = all.filter((name) => isTable(name) && !name.endsWith('mapping.json'));
  if (names.length === 0) {
    const packed = all.map(remedyForPacked).find((remedy) => remedy !== undefined);
    throw new DatasetError(
      `${basename(path)} holds no CSV, TSV, JSON lines or Parquet file${packed === undefined ? '' : `; ${packed}`}`,
    );
  }
  return names.map((name) => join(path, name));
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: Error) => {
    throw new DatasetError(`${path} cannot be read: ${error.message}`, { cause: error });
  });
  return found.isDirectory();
}
