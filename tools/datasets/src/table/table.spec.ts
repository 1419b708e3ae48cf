import { readFile, writeFile, mkdir, truncate, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Watch } from '@watchnext/contract';
import { MAPPING, T, TableFolder } from '../../test/table-folder';
import { DatasetError } from '../index';

let folder: TableFolder;
beforeEach(async () => (folder = await TableFolder.create()));
afterEach(() => folder.remove());

const at = (name: string) => folder.at(name);
const read: TableFolder['read'] = (...given) => folder.read(...given);

const described = ({ watches }: { watches: readonly Watch[] }) =>
  watches.map(({ userId, videoId, positionSeconds }) => `${userId} ${videoId} ${positionSeconds}`);

async function writeParquet(file: string, select: string): Promise<void> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  await connection.run(`copy (${select}) to '${file}' (format parquet)`);
  connection.closeSync();
  database.closeSync();
}

describe('the importer of tables', () => {
  it('reads the same log from CSV, TSV, JSON lines and Parquet, ids with spaces and emoji included', async () => {
    await writeFile(at('log.csv'), `seconds,user,video,at\n30,anna b,🎬 1,${T + 1}\n5.5,"zoë, c",v,${T}\n`);
    await writeFile(at('log.tsv'), `seconds\tuser\tvideo\tat\n30\tanna b\t🎬 1\t${T + 1}\n5.5\tzoë, c\tv\t${T}\n`);
    await writeFile(
      at('log.jsonl'),
      [
        { seconds: 30, user: 'anna b', video: '🎬 1', at: T + 1 },
        { seconds: 5.5, user: 'zoë, c', video: 'v', at: T },
      ]
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    await writeParquet(
      at('log.parquet'),
      `select * from (values (30.0, 'anna b', '🎬 1', ${T + 1}), (5.5, 'zoë, c', 'v', ${T})) t(seconds, "user", video, "at")`,
    );
    for (const name of ['log.csv', 'log.tsv', 'log.jsonl', 'log.parquet'])
      expect(described(await read(at(name)))).toEqual(['zoë, c v 5.5', 'anna b 🎬 1 30']);
  });

  it.each([
    ['log.csv', ';'],
    ['log.csv', '|'],
    ['log.txt', ','],
    ['log.tsv', ';'],
  ])('reads %s whose cells stand between %j, and knows so from the header', async (name, mark) => {
    const quoted = (id: string) => (id.includes(mark) ? `"${id}"` : id);
    const rows = [
      ['user', 'video', 'at', 'seconds'],
      [quoted('a,b'), 'v', T, '30'],
      [quoted('c;d|e'), 'v', T + 1, '5.5'],
    ];
    await writeFile(at(name), rows.map((row) => row.join(mark)).join('\n'));
    const found = await read(at(name));
    expect(found.badRows.describe()).toBe('');
    expect(described(found)).toEqual(['a,b v 30', 'c;d|e v 5.5']);
  });

  it('reads times and ids of Parquet as what they are', async () => {
    await writeParquet(
      at('log.parquet'),
      `select 7.0::double as "user", 8::bigint as video, timestamp '2026-10-01 12:00:00' as "at", 3::integer as seconds`,
    );
    const { events, watches } = await read(at('log.parquet'));
    expect(watches).toMatchObject([{ userId: '7', videoId: '8' }]);
    expect(events.at(-1)!.occurredAtMs).toBe(T);
  });

  it.each(['log[1].parquet', 'log*.parquet', 'log?.parquet'])(
    'reads %s of Parquet, and no file that it would be a pattern of',
    async (name) => {
      const row = (user: string) => `select '${user}' as "user", 'v' as video, ${T} as "at", 1 as seconds`;
      await writeParquet(at('log1.parquet'), row('another'));
      await writeParquet(at(name), row('asked'));
      const { watches } = await read(at(name));
      expect(watches.map(({ userId }) => userId)).toEqual(['asked']);
    },
  );

  it('takes ids of Parquet that went through a float or a decimal as whole, and none that is no number', async () => {
    const rest = `'v' as video, ${T} as "at", 60 as seconds`;
    const readIds = async (values: string) => {
      const rows = `select "user", ${rest} from (values ${values}) t("user")`;
      await writeParquet(at('log.parquet'), rows);
      const { watches, badRows } = await read(at('log.parquet'));
      return {
        ids: watches.map(({ userId }) => userId).toSorted(),
        bad: badRows.first.map(({ line, reason }) => `${line} ${reason}`),
      };
    };
    const floats = [
      '1.0::double',
      '1.5::double',
      '1e15::double',
      '9007199254740991::double',
      `'nan'::double`,
      `'-inf'::double`,
      '9007199254740992::double',
      '1e17::double',
    ];
    const beyond =
      'user has a whole number beyond 9007199254740991, which a float rounds: write such ids as text, as whole numbers';
    expect(await readIds(floats.map((value) => `(${value})`).join(', '))).toEqual({
      ids: ['1', '1.5', '1000000000000000', '9007199254740991'],
      bad: ['5 user is empty', '6 user is empty', `7 ${beyond}`, `8 ${beyond}`],
    });
    const decimals = ['1.00', '10.00', '7.50', '12345678901234567.00'].map((text) => `(${text}::decimal(20, 2))`);
    expect(await readIds(decimals.join(', '))).toEqual({
      ids: ['1', '10', '12345678901234567', '7.50'].toSorted(),
      bad: [],
    });
    expect(await readIds(`(100::decimal(18, 0)), (12345678901234567890::decimal(38, 0))`)).toEqual({
      ids: ['100', '12345678901234567890'],
      bad: [],
    });
  });

  it('refuses ids of Parquet that 32-bit floats have made the same, and names the column and the remedy', async () => {
    const columns = (user: string, video: string, seconds: string) =>
      `select ${user} as "user", ${video} as video, ${T} as "at", ${seconds} as seconds`;
    const float = (text: string) => `${text}::float`;
    for (const [rows, column] of [
      [columns(float('16777217'), `'v'`, '1'), 'user'],
      [columns(float('-16777216'), `'v'`, '1'), 'user'],
      [`${columns(`'a'`, float('7'), '1')} union all ${columns(`'a'`, float('123456789'), '1')}`, 'video'],
    ]) {
      await writeParquet(at('log.parquet'), rows as string);
      await expect(read(at('log.parquet'))).rejects.toThrow(
        `${column} of log.parquet is a column of 32-bit floats with ids beyond 16777215, where several ids became one: ` +
          'write the file again from its source with that column as whole numbers or text',
      );
    }
    // What is no id may be rounded, and ids that are small were not.
    const title = '16777217::float as title';
    await writeParquet(at('log.parquet'), `${columns(float('16777215'), float('7'), float('1'))}, ${title}`);
    const withTitle = { ...MAPPING, log: { ...MAPPING.log, title: 'title' } };
    const { watches, badRows } = await read(at('log.parquet'), withTitle);
    expect(watches).toMatchObject([{ userId: '16777215', videoId: '7' }]);
    expect(badRows.total).toBe(0);
  });

  it('makes pages of impressions: a request, or a user and a day', async () => {
    await writeFile(
      at('log.csv'),
      [
        'user,video,at,seconds,hit,req,tab',
        `a,v1,${T},9,1,r1,home`,
        `a,v2,${T + 1},0,0,r1,home`,
        `a,v3,${T + 2},0,no,r1,search`,
        `a,v1,${T + 3},8,true,r2,home`,
        '',
      ].join('\n'),
    );
    const log = { ...MAPPING.log, clicked: 'hit' };
    const byRequest = await read(at('log.csv'), { log: { ...log, requestId: 'req', surface: 'tab' } });
    expect(
      byRequest.lists.map(({ context, items }) => [context!.surface, items.map(({ videoId }) => videoId)]),
    ).toEqual([
      ['home', ['v1', 'v2']],
      ['search', ['v3']],
      ['home', ['v1']],
    ]);
    const byDay = await read(at('log.csv'), { log });
    expect(byDay.lists.map(({ items }) => items.length)).toEqual([4]);
    expect(byDay.watches.map(({ impressionId }) => impressionId)).toEqual(['table:log:2', 'table:log:5']);
  });

  it('knows videos and users from files beside the log', async () => {
    await mkdir(at('data'));
    await writeFile(at('data/log.csv'), `user,video,at,stars\na,v1,2026-10-01 12:00:00,3\nb,v9,2026-10-01,5\n`);
    await writeFile(at('data/videos.csv'), 'id,name,genres,len\nv1,Éclair,"[""a"",""b c""]",100\n');
    await writeFile(at('data/users.csv'), 'id,land,age,sex\na,de,33,f\n');
    const found = await read(at('data'), {
      log: {
        userId: 'user',
        videoId: 'video',
        time: { column: 'at', unit: 'iso' },
        rating: { column: 'stars', lowest: 1, highest: 5 },
      },
      videos: {
        file: 'videos.csv',
        videoId: 'id',
        title: 'name',
        topics: { column: 'genres' },
        durationSeconds: { column: 'len', unit: 's' },
      },
      users: { file: 'users.csv', userId: 'id', country: 'land', ageYears: 'age', gender: 'sex' },
    });
    expect(found.badRows.total).toBe(0);
    expect(described(found)).toEqual(['b v9 60', 'a v1 70']);
    expect(found.events.map(({ body }) => body!.value).slice(0, 3)).toMatchObject([
      { videoId: 'v9', title: 'v9' },
      { videoId: 'v1', title: 'Éclair', video: { topics: ['a', 'b c'], durationSeconds: 100 } },
      { userId: 'a', profile: { country: 'DE', ageYears: 33, gender: 1 } },
    ]);
  });

  it('knows topics by their names in lists of Parquet, JSON lines and pandas, and says where there are none', async () => {
    const log = { ...MAPPING.log, topics: { column: 'genres' } };
    const genres = [
      { id: 18, name: 'Drama' },
      { id: 35, name: 'Comedy' },
    ];
    await writeParquet(
      at('log.parquet'),
      `select 'a' as "user", 'v' as video, ${T} as "at", 1 as seconds,
        [{'id': 18, 'name': 'Drama'}, {'id': 35, 'name': 'Comedy'}] as genres`,
    );
    const row = { user: 'a', video: 'v', at: T, seconds: 1 };
    await writeFile(
      at('log.jsonl'),
      [
        { ...row, genres },
        { ...row, at: T + 1, video: 'w', genres: [{ weight: 1 }] },
      ]
        .map((line) => JSON.stringify(line))
        .join('\n'),
    );
    await writeFile(at('log.csv'), `user,video,at,seconds,genres\na,v,${T},1,"['Drama', 'Comedy']"\n`);
    for (const name of ['log.parquet', 'log.jsonl', 'log.csv']) {
      const { watches, badRows, notes } = await read(at(name), { log });
      expect([badRows.total, watches[0].video!.topics]).toEqual([0, ['Drama', 'Comedy']]);
      expect(notes).toEqual(
        name === 'log.jsonl'
          ? [
              'log.jsonl: 1 cell taken as not told, line 2: genres has an element without name, title, id: "{\\"weight\\":1}"',
            ]
          : [],
      );
    }
  });

  it('draws lists around the watches of a log without impressions', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => `u${i % 10},v${i % 9},${T + i},60`);
    await writeFile(at('log.csv'), ['user,video,at,seconds', ...rows].join('\n'));
    const { lists, watches } = await read(at('log.csv'), MAPPING, {});
    expect(lists).toHaveLength(50);
    expect(watches.every(({ impressionId }) => impressionId.includes(':drawn:'))).toBe(true);
  });

  it('leaves out rows of JSON lines whose ids were rounded, in columns that are used, and says how to keep them', async () => {
    const row = (user: string, video = '"v"', tags = '[]') =>
      `{"hash":9007199254740993,"user":${user},"video":${video},"tags":${tags},"at":${T},"seconds":60}`;
    const lines = [
      row('9007199254740991'),
      row('9007199254740992'),
      row('9007199254740993'),
      row('"9007199254740993"'),
      row('7', '-1234567890123456789'),
      row('8', '"v"', '[1,1234567890123456789]'),
      row('9', '"v"', '[1,2]'),
      ...Array.from({ length: 5 }, (_, i) => row(`${10 + i}`)),
    ];
    await writeFile(at('log.jsonl'), lines.join('\n'));
    const found = await read(at('log.jsonl'), { log: { ...MAPPING.log, topics: { column: 'tags' } } });
    const remedy =
      'has a whole number beyond 9007199254740991, which reading JSON rounds: write such ids as text, in quotes';
    expect(found.badRows.first.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      `2 user ${remedy}`,
      `3 user ${remedy}`,
      `5 video ${remedy}`,
      `6 tags ${remedy}`,
    ]);
    expect(found.watches.map(({ userId }) => userId).toSorted()).toEqual(
      ['9007199254740991', '9007199254740993', '9', '10', '11', '12', '13', '14'].toSorted(),
    );
  });

  it('leaves out what cannot be, and says why', async () => {
    await writeFile(
      at('log.csv'),
      [
        'user,video,at,seconds',
        `a,v,${T},60`,
        `a,v,${Date.UTC(1970, 0, 3)},60`,
        `a,v,${Date.UTC(9999, 0)},60`,
        `a,v,yesterday,60`,
        `,v,${T},60`,
        `a,v,${T},NaN`,
        `b,v,${T},60`,
        `b,v,${T},900000`,
        `c,v,${T},60`,
        `c,w,${T},60`,
        `c,x,${T},60`,
        `c,y,${T},60`,
      ].join('\n'),
    );
    const { badRows } = await read(at('log.csv'));
    expect(badRows.total).toBe(6);
    expect(badRows.describe()).toContain('and 1 more');
    expect(badRows.first.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '3 at is 1970-01-03, before 1995: is it in another unit?',
      '4 at is 9999-01-01, in the future',
      '5 at is no number of ms since 1970: "yesterday"',
      '6 user is empty',
      '7 seconds is no number of at least 0: "NaN"',
    ]);
  });
});

it('takes the mapping that docs/bring-your-data.md shows', async () => {
  const document = await readFile(join(__dirname, '../../../../docs/bring-your-data.md'), 'utf8');
  const mapping = JSON.parse(/```json\n([\s\S]*?)```/.exec(document)![1]) as object;
  const log = /```csv\n([\s\S]*?)```/.exec(document)![1];
  await writeFile(at('log.csv'), log);
  await writeFile(
    at('videos.csv'),
    'id,title,channel,genres,length,published\nv17,Bread,baker,food|home,140,2026-09-01\n',
  );
  await writeFile(at('users.csv'), 'id,country,age,sex\nanna,SE,30,f\n');
  const { badRows, events, watches } = await read(at('log.csv'), mapping);
  expect(badRows.total).toBe(0);
  expect(watches.map(({ positionSeconds }) => positionSeconds)).toEqual([93.5, 12, 140]);
  expect(
    events.find(({ body }) => body?.$case === 'videoUpserted' && body.value.videoId === 'v17')!.body!.value,
  ).toMatchObject({
    title: 'Bread',
    video: { channelId: 'baker', topics: ['food', 'home'], durationSeconds: 140 },
  });
});

describe('a table that cannot be imported', () => {
  const first = async (path: string, mapping?: object) => {
    const failure = await read(path, mapping).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(DatasetError);
    return (failure as Error).message;
  };

  it('is a truncated Parquet file', async () => {
    const file = at('log.parquet');
    await writeParquet(
      file,
      `select 'u' as "user", 'v' as video, ${T} + range as "at", 1.0 as seconds from range(50000)`,
    );
    await truncate(file, Math.floor((await stat(file)).size / 2));
    expect(await first(file)).toMatch(/log.parquet cannot be read as Parquet, is it whole\?/);
  });

  it('lacks columns, in any format', async () => {
    await writeFile(at('log.csv'), 'user,item\na,b\n');
    expect(await first(at('log.csv'))).toBe('log.csv lacks the columns video, at, seconds; it has user, item');
    await writeParquet(at('log.parquet'), `select 'u' as "user"`);
    expect(await first(at('log.parquet'))).toBe('log.parquet lacks the columns video, at, seconds; it has user');
    await writeFile(at('log.jsonl'), '{"user":"a"}\n');
    expect(await first(at('log.jsonl'))).toMatch(/1 of 1 rows cannot be used[\s\S]*line 1: video is empty/);
  });

  it('is empty, or of another encoding, or no table', async () => {
    await writeFile(at('log.csv'), '');
    expect(await first(at('log.csv'))).toBe('log.csv is empty');
    await writeFile(at('log.csv'), 'user,video,at,seconds\n');
    expect(await first(at('log.csv'))).toMatch(/holds no activity/);
    await writeFile(at('log.csv'), Buffer.from('\uFEFFuser,video\n', 'utf16le'));
    expect(await first(at('log.csv'))).toMatch(/UTF-16.*iconv/);
    await writeFile(at('log.xlsx'), 'x');
    expect(await first(at('log.xlsx'))).toMatch(/none of the tables known by name: .csv/);
    expect(await first(at('nothing.csv'))).toMatch(/nothing.csv cannot be read: ENOENT/);
  });

  it('has a mapping with mistakes: each is named', async () => {
    await writeFile(at('log.csv'), 'user,video,at,seconds\n');
    const message = await first(at('log.csv'), {
      log: { userId: 'u', video: 'v', time: { column: 't', unit: 'hours' } },
      vidoes: {},
    });
    expect(message).toMatch(/no mapping that can be used/);
    expect(message).toMatch(/log.videoId: /);
    expect(message).toMatch(/log.time.unit: .*"s"\|"ms"\|"us"\|"ns"\|"iso"/);
    expect(message).toMatch(/"vidoes"/);
  });
});
