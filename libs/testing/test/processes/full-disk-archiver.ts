/** Archives one run, where the shell that started it limits how large a file may grow, and tells what came of it. */
import { readdirSync } from 'node:fs';
import { openParquetArchive } from '@watchnext/event-archive';
import { archiveRecords } from '../../src';

const [, , directory, recordCount] = process.argv as [string, string, string, string];

async function main(): Promise<void> {
  const archive = openParquetArchive(directory);
  const records = archiveRecords(0, Number(recordCount));
  const error: unknown = await archive
    .write(records[0]?.topic as string, 0, records)
    .catch((reason: unknown) => reason);
  const { code, path } = (error ?? {}) as { code?: string; path?: string };
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  const names = files.filter((entry) => entry.isFile()).map(({ name }) => name);
  console.log(JSON.stringify({ code, path, names }));
}

void main();
