/** What people's files are like at their worst: each gives a clear error, or all that can be used of it, and never half an import. */
import { readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { temporaryDirectory } from '@watchnext/testing';
import { DatasetError, importDataset, importToArchive } from './index';
import { validateArchive } from './validate/validate-archive';

const T = Date.UTC(2026, 9, 1, 12);
const MAPPING = {
  log: {
    userId: 'user',
    videoId: 'video',
    time: { column: 'at', unit: 'ms' },
    watchSeconds: { column: 'seconds', unit: 's' },
  },
};
const HEADER = 'user,video,at,seconds';
/** More than one of the reader's chunks, so that much was read before the fault is met. */
const SOUND_ROWS = 40_000;
const soundRows = () =>
  Array.from({ length: SOUND_ROWS }, (_, i) => `user ${i % 500} 🙂,v${i % 90},${T + i},${i % 300}`);

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let mappingFile: string;
let archive: string;
beforeEach(async () => {
  folder = await temporaryDirectory('bad-input');
  mappingFile = join(folder.path, 'mapping.json');
  archive = join(folder.path, 'data', 'archive');
  await writeFile(mappingFile, JSON.stringify(MAPPING));
});
afterEach(() => folder.remove());

async function activity(): Promise<Event[]> {
  const opened = openParquetArchive(archive);
  const events: Event[] = [];
  for await (const batch of opened.read(TOPICS.activity, { order: 'offset' }))
    events.push(...batch.map(({ value }) => Event.decode(value)));
  await opened.close();
  return events;
}

type Write = (file: string) => Promise<void>;
const text =
  (...lines: string[]): Write =>
  (file) =>
    writeFile(file, lines.join('\n'));

const truncatedParquet: Write = async (file) => {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  await connection.run(
    `copy (select 'u' as "user", 'v' as video, ${T} + range as "at", 1.0 as seconds from range(50000)) to '${file}' (format parquet)`,
  );
  connection.closeSync();
  database.closeSync();
  await truncate(file, Math.floor((await stat(file)).size / 2));
};

describe('a file that cannot be imported', () => {
  it.each<[string, string, RegExp, Write]>([
    ['truncated Parquet', 'log.parquet', /log.parquet cannot be read as Parquet, is it whole\?/, truncatedParquet],
    [
      'Latin-1 after much UTF-8',
      'log.csv',
      new RegExp(`log.csv is not utf-8 near line ${SOUND_ROWS + 2}\\. .*iconv -f LATIN1`),
      (file) =>
        writeFile(
          file,
          Buffer.concat([
            Buffer.from([HEADER, ...soundRows(), ''].join('\n')),
            Buffer.from('zo\xeb,v,1,1\n', 'latin1'),
          ]),
        ),
    ],
    [
      'without a column',
      'log.csv',
      /log.csv lacks the column at; it has user, video, seconds/,
      text('user,video,seconds', 'a,b,1'),
    ],
    ['empty', 'log.csv', /log.csv is empty/, text('')],
    ['with nothing but a header', 'log.csv', /holds no activity/, text(HEADER, '')],
    [
      'of 1970',
      'log.csv',
      /3 of 4 rows cannot be used, so nothing was imported:[\s\S]*line 3: at is 1970-01-21, before 1995: is it in another unit\?/,
      text(HEADER, `a,v,${T},1`, ...[1, 2, 3].map((i) => `a,v,${T / 1_000 + i},1`)),
    ],
    [
      'of the year 9999',
      'log.csv',
      /2 of 3 rows cannot be used[\s\S]*line 3: at is 9999-12-31, in the future/,
      text(HEADER, `a,v,${T},1`, ...[1, 2].map((i) => `a,v,${Date.UTC(9999, 11, 31) + i},1`)),
    ],
  ])('%s: the error says why, and nothing is there after it', async (_, name, message, write) => {
    const log = join(folder.path, name);
    await write(log);
    const failure = await importToArchive('table', log, { archive, mappingFile }).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(DatasetError);
    expect((failure as Error).message).toMatch(message);
    expect(await readdir(join(folder.path, 'data'))).toEqual([]);

    let requests = 0;
    const server = createServer((_request, response) => {
      requests += 1;
      response.writeHead(500).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const workFolder = join(folder.path, 'work');
    await expect(importDataset('table', log, { url, mappingFile, workFolder })).rejects.toThrow(message);
    expect(requests).toBe(0);
    await new Promise((resolve) => server.close(resolve));
    expect((await readdir(folder.path)).toSorted()).toEqual(['data', name, 'mapping.json'].toSorted());
  });
});

describe('a file of odd but sound rows', () => {
  it('keeps ids with spaces and emoji as they stand, and two that look alike apart', async () => {
    const users = [
      'anna b',
      ' anna b',
      'anna  b',
      '👩‍👩‍👧',
      '🙂',
      'é',
      'e\u0301',
      '日本',
      "o'hara; drop table",
      '../..',
      'a,"b"',
    ];
    const log = join(folder.path, 'log.csv');
    const quoted = (id: string) => `"${id.replaceAll('"', '""')}"`;
    await text(HEADER, ...users.map((user, i) => `${quoted(user)},${quoted(`🎬 ${user}`)},${T + i},60`))(log);
    const { badRows, rejected } = await importToArchive('table', log, { archive, mappingFile, drawLists: false });
    expect([badRows.total, rejected.count]).toEqual([0, 0]);
    const watches = (await activity()).flatMap(({ body }) => (body?.$case === 'watch' ? [body.value] : []));
    expect(watches.map(({ userId, videoId }) => `${userId} ${videoId}`).toSorted()).toEqual(
      users.map((user) => `${user} 🎬 ${user}`).toSorted(),
    );
  });

  it('may be users of one event each: imported and judged', async () => {
    const log = join(folder.path, 'log.csv');
    const count = 10_000;
    await text(HEADER, ...Array.from({ length: count }, (_, i) => `u${i},v${i % 200},${T + 5_000 * i},60`))(log);
    const { sent } = await importToArchive('table', log, { archive, mappingFile, drawLists: false });
    expect(sent).toBe(200 + count);
    const opened = openParquetArchive(archive);
    const findings = await validateArchive(opened, { nowMs: T + 86_400_000 * 2 });
    await opened.close();
    expect(findings.find(({ check }) => check === 'users')).toMatchObject({
      verdict: 'failure',
      found: expect.stringMatching(/^100(\.0)?% of 10,000 users have fewer than 2 completed watches; 0 have enough/),
      advice: expect.stringMatching(/is the user id really the user/),
    });
  });
});
