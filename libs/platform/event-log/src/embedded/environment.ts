/** The LMDB environment of the embedded event log, as every thread and process that works on it opens it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { open, type Database, type RootDatabase } from 'lmdb';

export type LogKey = (string | number)[];

export interface Environment {
  readonly root: RootDatabase<unknown, LogKey>;
  readonly meta: Database<unknown, LogKey>;
  readonly records: Database<Buffer, LogKey>;
  readonly newest: Database<number, LogKey>;
}

/** Address space only; the file grows with what is in it. */
const MAP_SIZE_BYTES = 256 * 2 ** 30;

export function openEnvironment(directory: string): Environment {
  // A killed writer could leave a flush beside the commits waiting for ever (decision 185).
  const root = open<unknown, LogKey>({
    path: directory,
    noSubdir: false,
    maxDbs: 8,
    mapSize: MAP_SIZE_BYTES,
    overlappingSync: false,
  });
  return {
    root,
    meta: root.openDB({ name: 'meta', encoding: 'msgpack' }),
    records: root.openDB({ name: 'records', encoding: 'binary' }),
    newest: root.openDB({ name: 'newest', encoding: 'msgpack' }),
  };
}

/** Whether there is one in the folder: opened, it would be made. */
export const hasEmbeddedEventLog = (directory: string): boolean => existsSync(join(directory, 'data.mdb'));

/** Offset that the partition's next record gets. */
export function endOffsetOf({ meta }: Environment, topicId: number, partition: number): number {
  return (meta.get(['end', topicId, partition]) as number | undefined) ?? 0;
}
