/** Whether a file of videos or users tells of those of the log: ids written otherwise would lose all of it without a word. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { percent } from '@watchnext/command-line';
import { DatasetError } from '../dataset-error';
import { quote } from '../read/cells';
import { count } from '../read/words';
import type { Source } from './staging';

/** Below it a person is told. */
const ENOUGH = 0.9;
const NAMED = 3;

interface Described {
  readonly table: 'videos' | 'users';
  readonly id: string;
  readonly ofTheLog: string;
  /** Below it nothing is imported. A site may know few of its viewers, but all of its videos. */
  readonly tooFew: number;
}

const DESCRIBED: readonly Described[] = [
  { table: 'videos', id: 'video_id', ofTheLog: 'videos that the log watches', tooFew: 0.1 },
  { table: 'users', id: 'user_id', ofTheLog: 'users of the log', tooFew: 0 },
];

/** @returns warnings @throws DatasetError where the file and the log hardly meet */
export async function matchesOf(
  connection: DuckDBConnection,
  sources: readonly Source[],
  describedBy: { readonly videos?: number; readonly users?: number },
): Promise<string[]> {
  const warnings: string[] = [];
  for (const { table, id, ofTheLog, tooFew } of DESCRIBED) {
    const source = describedBy[table];
    if (source === undefined) continue;
    await connection.run(`
      create or replace temp table in_log as select ${id} from watches union select ${id} from impressions;
      create or replace temp table in_file as select ${id} from ${table} where source = ${source}`);
    const countOf = async (query: string) => (await connection.runAndReadAll(query)).getRows()[0][0] as number;
    const total = await countOf('select count(*)::double from in_log');
    const known = await countOf(`select count(*)::double from in_log semi join in_file using (${id})`);
    const examples = async (query: string) => {
      const found = await connection.runAndReadAll(`${query} order by ${id} limit ${NAMED}`);
      return found
        .getRows()
        .map(([value]) => quote(value as string))
        .join(', ');
    };
    const lacking = await examples(`select ${id} from in_log anti join in_file using (${id})`);
    const { file } = sources[source];
    const found = `${file} has ${count(known)} of the ${count(total)} ${ofTheLog}`;
    if (total > 0 && (known === 0 || known < tooFew * total))
      throw new DatasetError(
        `${found}, so they would lack what it tells: are the ids written the same way? ` +
          `The log has ${lacking}; ${file} has ${await examples(`select ${id} from in_file`)}`,
      );
    if (known < ENOUGH * total) warnings.push(`${found} (${percent(known / total)}); it lacks ${lacking}`);
    for (const ids of ['in_log', 'in_file']) await connection.run(`drop table ${ids}`);
  }
  return warnings;
}
