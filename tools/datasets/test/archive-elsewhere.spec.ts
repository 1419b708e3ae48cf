/** The queries that docs/bring-your-data.md shows, run as they stand there on an archive that an import has written. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { temporaryDirectory } from '@watchnext/testing';
import { importToArchive } from '../src';

const DOCUMENT = readFileSync(resolve(__dirname, '..', '..', '..', 'docs', 'bring-your-data.md'), 'utf8');
const hasPandas = spawnSync('python3', ['-c', 'import pandas, pyarrow']).status === 0;

/** The code block after a line that says only what it is for. */
function blockOf(title: string): string {
  const block = new RegExp(`\\n${title}\\n\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(DOCUMENT)?.[1];
  if (block === undefined) throw new Error(`the document has no query for ${title}`);
  return block;
}

async function query(sql: string) {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  try {
    await connection.run(`set timezone = 'Asia/Tokyo'`);
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

describe('an archive in other engines', () => {
  let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    folder = await temporaryDirectory('elsewhere');
    const log = join(folder.path, 'log.csv');
    const mapping = join(folder.path, 'mapping.json');
    const row = (user: string, day: number, seconds: number) => `${user},v,2026-10-0${day}T12:00:00Z,${seconds}`;
    await writeFile(log, ['user,video,at,seconds', row('a', 1, 10), row('b', 1, 2.5), row('a', 3, 7)].join('\n'));
    await writeFile(
      mapping,
      JSON.stringify({
        log: {
          userId: 'user',
          videoId: 'video',
          time: { column: 'at', unit: 'iso' },
          watchSeconds: { column: 'seconds', unit: 's' },
        },
      }),
    );
    await mkdir(join(folder.path, '.watchnext'));
    await importToArchive('table', log, { archive: join(folder.path, '.watchnext', 'archive'), mappingFile: mapping });
  });
  afterAll(() => folder.remove());

  it('has the columns, and no others, that the document lists', async () => {
    const listed = [...DOCUMENT.slice(DOCUMENT.indexOf('## Out again')).matchAll(/^\| (`.*?) \|/gm)].flatMap(
      ([, cell]) => cell.split(', ').map((name) => name.replaceAll('`', '')),
    );
    const rows = await query(
      `describe select * from read_parquet('${folder.path}/.watchnext/archive/*/*/*.parquet', hive_partitioning = false)`,
    );
    expect(listed.toSorted()).toEqual(rows.map(([name]) => name).toSorted());
  });

  it('opens in DuckDB', async () => {
    expect(await query(blockOf('DuckDB').replaceAll('.watchnext/', `${folder.path}/.watchnext/`))).toEqual([
      ['2026-10-01', '2', 12.5],
      ['2026-10-03', '1', 7],
    ]);
  });

  // Under CI a missing pandas is a failure: .ci/install-servers brings it.
  (hasPandas || process.env['CI'] === 'true' ? it : it.skip)('opens in pandas (needs pandas and pyarrow)', () => {
    const { status, stdout, stderr } = spawnSync('python3', ['-c', blockOf('pandas')], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toEqual(['occurred_at_ms,count,sum', '2026-10-01,2,12.5', '2026-10-03,1,7.0']);
  });
});
