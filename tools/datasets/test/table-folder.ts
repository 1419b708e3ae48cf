/** A folder of tables, and what the importer makes of them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Event, ImpressionsServed, UserUpserted, VideoUpserted, Watch } from '@watchnext/contract';
import { temporaryDirectory } from '@watchnext/testing';
import { BadRows, datasetEvents, type DatasetOptions } from '../src/index';
import { TableImporter } from '../src/table/importer';

export const T = Date.UTC(2026, 9, 1, 12);
export const MAPPING = {
  log: {
    userId: 'user',
    videoId: 'video',
    time: { column: 'at', unit: 'ms' },
    watchSeconds: { column: 'seconds', unit: 's' },
  },
};

export class TableFolder {
  private constructor(
    readonly path: string,
    readonly remove: () => Promise<void>,
  ) {}

  static async create(): Promise<TableFolder> {
    const { path, remove } = await temporaryDirectory('table');
    return new TableFolder(path, remove);
  }

  at(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, ...lines: readonly string[]): Promise<string> {
    await writeFile(this.at(name), lines.join('\n'));
    return this.at(name);
  }

  async read(
    path: string,
    mapping: object = MAPPING,
    options: Partial<DatasetOptions> = { drawLists: false },
    mappingFile = this.at('as.mapping.json'),
  ) {
    await writeFile(mappingFile, JSON.stringify(mapping));
    const badRows = new BadRows();
    const events: Event[] = [];
    let notes: readonly string[] = [];
    for await (const event of datasetEvents(new TableImporter(), path, {
      badRows,
      mappingFile,
      onLoaded: (summary) => (notes = summary.notes),
      ...options,
    }))
      events.push(event);
    const of = <Body>(kind: string) =>
      events.flatMap(({ body }) => (body?.$case === kind ? [body.value as unknown as Body] : []));
    return {
      events,
      badRows,
      notes,
      watches: of<Watch>('watch'),
      lists: of<ImpressionsServed>('impressionsServed'),
      videos: of<VideoUpserted>('videoUpserted'),
      users: of<UserUpserted>('userUpserted'),
    };
  }
}
