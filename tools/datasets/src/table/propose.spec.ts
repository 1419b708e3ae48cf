import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@watchnext/testing';
import { DatasetError } from '../dataset-error';
import { parseMapping } from './mapping';
import { NoProposalError, proposeMapping } from './propose';
import { mappingFileFor } from './wizard';

const propose = (columns: string[], rows: string[][], times: string[] = []) =>
  proposeMapping({ columns, rows, times: new Set(times) }).mapping.log;

describe('the proposal of a mapping', () => {
  it('knows the columns of common logs by name, and units by what stands in them', () => {
    expect(
      propose(
        ['userId', 'movieId', 'rating', 'timestamp'],
        [
          ['1', '2', '3.5', '1147868817'],
          ['1', '3', '5.0', '1147868800'],
        ],
      ),
    ).toEqual({
      userId: 'userId',
      videoId: 'movieId',
      time: { column: 'timestamp', unit: 's' },
      rating: { column: 'rating', lowest: 1, highest: 5 },
    });
    expect(
      propose(
        ['user_id', 'video_id', 'date', 'time_ms', 'is_click', 'play_time_ms', 'duration_ms', 'tab'],
        [['1', '2', '20220425', '1650812741436', '0', '61802', '49866', '1']],
      ),
    ).toMatchObject({
      time: { column: 'time_ms', unit: 'ms' },
      watchSeconds: { column: 'play_time_ms', unit: 'ms' },
      durationSeconds: { column: 'duration_ms', unit: 'ms' },
      clicked: 'is_click',
      surface: 'tab',
    });
  });

  it.each([
    ['visitorid', 'itemid', 'artistID'],
    ['customerid', 'contentid', 'Artist_Id'],
    ['MEMBERID', 'Track ID', 'artistid'],
  ])('knows %s, %s and %s, whose words run together', (user, video, channel) => {
    const log = propose(['eventtime', user, video, channel, 'watchtime'], [['1790000000', 'a', 'v', 'c', '9']]);
    expect(log).toMatchObject({ userId: user, videoId: video, channelId: channel });
    expect(log.time.column).toBe('eventtime');
    expect(log.watchSeconds).toEqual({ column: 'watchtime', unit: 's' });
  });

  it.each([
    ['watch_time_ms', 'ms'],
    ['dwell_ms', 'ms'],
    ['watch_time_seconds', 's'],
    ['watch_seconds', 's'],
    ['watchedSeconds', 's'],
    ['Watch time in minutes', 'min'],
    ['minutes watched', 'min'],
    ['total_watch_time_ms', 'ms'],
    ['position_seconds', 's'],
  ])('knows %s as the watch time, in %s', (column, unit) => {
    const log = propose(['user', 'video', 'timestamp', column], [['a', 'v', '1790000000', '31']]);
    expect(log.watchSeconds).toEqual({ column, unit });
  });

  it('takes neither a place in a list, nor whether, nor when was watched for how long', () => {
    const log = propose(
      ['user', 'video', 'timestamp', 'position', 'watched', 'watch_time'],
      [['a', 'v', '1790000000', '3', '1', '1790000000']],
    );
    expect(log.watchSeconds).toBeUndefined();
    expect(log.clicked).toBe('watched');
  });

  it('tells which columns it does not use, and warns where none says how long was watched', () => {
    const sample = (columns: string[]) => ({
      columns,
      rows: [['a', 'v', '1790000000', '93.5']],
      times: new Set<string>(),
    });
    const silent = proposeMapping(sample(['user', 'video', 'ts', 'elapsed']));
    expect(silent.unused).toEqual(['elapsed']);
    expect(silent.warning).toMatch(/every watch will count as the whole video.*elapsed may.*watchSeconds/);
    const sound = proposeMapping(sample(['user', 'video', 'ts', 'dwell_s']));
    expect(sound).toMatchObject({ unused: [], warning: undefined });
    expect(proposeMapping(sample(['user', 'video', 'ts', 'score'])).warning).toBeUndefined();
  });

  it.each([
    ['watch_seconds', ['93.5', '12', '', '-5', 'abc'], /^watch_seconds tells .*60\.?0?% of its cells .* as "-5"\./],
    ['watch_time', ['0:01:34', '0:00:12'], /^watch_time tells .*100\.?0?% of its cells .* as "0:01:34"\./],
    ['total_watch_time_s', ['', ''], /^total_watch_time_s tells .*100\.?0?% of its cells .* as ""\./],
  ])('warns of %s, which it would take but for its cells %j', (column, cells, warning) => {
    const proposal = proposeMapping({
      columns: ['user', 'video', 'ts', 'n', column],
      rows: cells.map((cell) => ['a', 'v', '1790000000', '3', cell]),
      times: new Set(),
    });
    expect(proposal.unused).toEqual(['n', column]);
    expect(proposal.warning).toMatch(warning);
    expect(proposal.warning).toMatch(/every watch will count as the whole video.*watchSeconds/);
  });

  const lengths = (columns: readonly [string, string], rows: readonly (readonly [number, number])[]) => {
    const { mapping, doubt } = proposeMapping({
      columns: ['user', 'video', 'timestamp', ...columns],
      rows: rows.map((row) => ['a', 'v', '1790000000', ...row.map(String)]),
      times: new Set(),
    });
    return { watch: mapping.log.watchSeconds?.unit, whole: mapping.log.durationSeconds?.unit, doubt };
  };

  it('takes one unit for all columns that name none, and doubts where both are likely', () => {
    const bare = ['play_duration', 'video_duration'] as const;
    const doubt = expect.stringMatching(/^play_duration and video_duration may be in s or in ms/);
    // Short videos in milliseconds: one median is beyond what a watch takes in seconds, or none is.
    expect(lengths(bare, [[7_700, 9_625]])).toEqual({ watch: 'ms', whole: 'ms', doubt });
    expect(lengths(bare, [[5_000, 9_625]])).toEqual({ watch: 's', whole: 's', doubt });
    expect(lengths(bare, [[61_802, 149_866]])).toEqual({ watch: 'ms', whole: 'ms', doubt: undefined });
    expect(lengths(bare, [[31, 140]])).toEqual({ watch: 's', whole: 's', doubt: undefined });
  });

  it('goes by the unit that one column names where only one fits beside it', () => {
    expect(lengths(['play_duration', 'duration_ms'], [[5_000, 9_625]])).toEqual({
      watch: 'ms',
      whole: 'ms',
      doubt: undefined,
    });
    expect(lengths(['watch_seconds', 'duration'], [[2_400, 5_400]])).toEqual({
      watch: 's',
      whole: 's',
      doubt: undefined,
    });
  });

  it('knows dates with the year last where their order can only be one', () => {
    const unitOf = (...dates: string[]) =>
      propose(
        ['user', 'video', 'ts'],
        dates.map((date) => ['a', 'v', date]),
      ).time.unit;
    expect(unitOf('05/06/2024 10:00', '13/06/2024 10:00')).toBe('dmy');
    expect(unitOf('05/06/2024 10:00', '05/13/2024 10:00')).toBe('mdy');
    expect(() => unitOf('05/06/2024 10:00')).toThrow('which column is the time');
  });

  it('finds a time by its content where no name tells it', () => {
    const rows = [['a', 'v', '2026-10-01T10:00:00Z']];
    expect(propose(['member_id', 'Item', 'when'], rows).time).toEqual({ column: 'when', unit: 'iso' });
    expect(propose(['user', 'video', 'ts'], [['a', 'v', '1790000000000']], ['ts']).time.unit).toBe('ms');
  });

  it.each([
    ['1790848800123456789', 'ns'],
    ['2026-10-01 10:00:00 UTC', 'iso'],
    ['Thu, 01 Oct 2026 10:00:00 GMT', 'iso'],
    ['1 Oct 2026 10:00', 'iso'],
  ])('knows %s as a time in %s', (cell, unit) => {
    expect(propose(['user', 'video', 'timestamp'], [['a', 'v', cell]]).time).toEqual({ column: 'timestamp', unit });
  });

  it('takes no ids of 19 digits for nanoseconds', () => {
    expect(() => propose(['user', 'video', 'tweet'], [['a', 'v', '1790848800123456789']])).toThrow(NoProposalError);
  });

  it('names the column that would be the time but for its cells', () => {
    const rows = ['', '2026-10-01 10:00:00 U C', '1st of May'].map((cell) => ['a', 'v', cell]);
    expect(() => propose(['user', 'video', 'timestamp'], rows)).toThrow(
      /^cannot tell which column is the time: timestamp is by its name, .*"2026-10-01 10:00:00 U C"/,
    );
    expect(() => propose(['user', 'clip', 'watched_at'], rows)).toThrow(
      /^cannot tell which column is the video, nor which is the time: watched_at is by its name/,
    );
  });

  it('does not take a column for what it does not hold', () => {
    const log = propose(['user', 'video', 'time', 'clicked'], [['a', 'v', '1790000000', 'perhaps']]);
    expect(log.clicked).toBeUndefined();
  });

  it('takes a column of countries where they are two letters, which are the only ones that are used', () => {
    const unused = (country: string) =>
      proposeMapping({
        columns: ['user', 'video', 'ts', 'seconds', 'country'],
        rows: [['a', 'v', '1790000000', '9', country]],
        times: new Set(),
      }).unused;
    expect(unused('de')).toEqual([]);
    expect(unused('Germany')).toEqual(['country']);
  });

  it('says what it could not find', () => {
    expect(() => propose(['a', 'b'], [['1', '2']])).toThrow(NoProposalError);
    expect(() => propose(['user', 'b'], [['1', '2']])).toThrow('which column is the video, nor which is the time');
  });
});

describe('the wizard', () => {
  it('keeps what is taken beside the table, and finds it the next time', async () => {
    const folder = await temporaryDirectory('wizard');
    const table = join(folder.path, 'log.csv');
    await writeFile(table, 'user,video,ts,note\na,v,1790000000,x\n');
    const said: string[] = [];
    const options = { yes: false, say: (text: string) => void said.push(text) };
    await expect(mappingFileFor(table, { ...options, ask: undefined })).rejects.toThrow(/--yes/);
    await expect(mappingFileFor(table, { ...options, ask: async () => 'n' })).rejects.toThrow(/--mapping/);
    const file = await mappingFileFor(table, { ...options, ask: async () => '' });
    expect(parseMapping(await readFile(file, 'utf8'), file).log).toEqual({
      userId: 'user',
      videoId: 'video',
      time: { column: 'ts', unit: 's' },
    });
    expect(said[0]).toContain('userId: user, by its name');
    expect(said[0]).toContain('not used: note');
    expect(said[1]).toContain('every watch will count as the whole video');
    expect(await mappingFileFor(table, { ...options, ask: undefined })).toBe(file);
    await folder.remove();
  });

  it('does not take unasked what it doubts', async () => {
    const folder = await temporaryDirectory('wizard');
    const table = join(folder.path, 'log.csv');
    await writeFile(table, 'user,video,ts,play_duration\na,v,1790000000,5000\n');
    const said: string[] = [];
    const options = { say: (text: string) => void said.push(text), ask: async () => '' };
    await expect(mappingFileFor(table, { ...options, yes: true })).rejects.toThrow(
      /--yes cannot tell: play_duration may/,
    );
    expect(said.at(-1)).toMatch(/^WARNING: play_duration may be in s or in ms/);
    const file = await mappingFileFor(table, { ...options, yes: false });
    expect(parseMapping(await readFile(file, 'utf8'), file).log.watchSeconds).toEqual({
      column: 'play_duration',
      unit: 's',
    });
    await folder.remove();
  });

  it('proposes a mapping of a table with semicolons, and tells of a compressed one to unpack it', async () => {
    const folder = await temporaryDirectory('wizard');
    const options = { yes: true, say: () => undefined, ask: undefined };
    const table = join(folder.path, 'log.csv');
    await writeFile(table, 'user;video;ts;watch_s\na;v;1790000000;31\n');
    const file = await mappingFileFor(table, options);
    expect(parseMapping(await readFile(file, 'utf8'), file).log).toMatchObject({ userId: 'user', videoId: 'video' });
    const packed = join(folder.path, 'packed');
    await mkdir(packed);
    await writeFile(join(packed, 'log.csv.gz'), 'x');
    for (const path of [packed, join(packed, 'log.csv.gz')])
      await expect(mappingFileFor(path, options)).rejects.toThrow('log.csv.gz is compressed: unpack it first');
    await folder.remove();
  });

  it.each([
    ['# exported by X', /line 2: 4 cells where the header has 1\. Its first line, "# exported by X", .* remove/],
    ['sep=,', /line 2: 4 cells where the header has 2\. Its first line, "sep=,", .* remove/],
  ])('tells of %j before the header that it is none', async (first, message) => {
    const folder = await temporaryDirectory('wizard');
    const table = join(folder.path, 'log.csv');
    await writeFile(table, `${first}\nuser,video,ts,watch_s\na,v,1790000000,31\n`);
    await expect(mappingFileFor(table, { yes: true, say: () => undefined, ask: undefined })).rejects.toThrow(message);
    await writeFile(table, 'user,video,ts,watch_s\n');
    await expect(mappingFileFor(table, { yes: true, say: () => undefined, ask: undefined })).rejects.toThrow(
      'log.csv holds no rows',
    );
    await folder.remove();
  });

  it('proposes a mapping of JSON lines though a column that it does not take holds numbers too large', async () => {
    const folder = await temporaryDirectory('wizard');
    const table = join(folder.path, 'log.jsonl');
    await writeFile(table, '{"hash":1234567890123456789,"user":"a","video":"v","ts":1790000000}\n');
    const file = await mappingFileFor(table, { yes: true, say: () => undefined, ask: undefined });
    expect(parseMapping(await readFile(file, 'utf8'), file).log).toMatchObject({ userId: 'user', videoId: 'video' });
    await folder.remove();
  });

  it.each([
    [
      '\n[\n  {\n    "user": "a"\n  }\n]\n',
      /^log.json is not JSON lines: line 2 is no JSON: .*one object on each line.*jq -c/,
    ],
    ['[{"user":"a"}]\n', /^log.json is not JSON lines: line 1 is no JSON object: .*one object on each line.*jq -c/],
  ])('says of %j which file it is, and how it becomes JSON lines', async (text, message) => {
    const folder = await temporaryDirectory('wizard');
    const table = join(folder.path, 'log.json');
    await writeFile(table, text);
    const failure = await mappingFileFor(table, { yes: true, say: () => undefined, ask: undefined }).catch(
      (error: Error) => error,
    );
    expect(failure).toBeInstanceOf(DatasetError);
    expect((failure as Error).message).toMatch(message);
    await folder.remove();
  });
});
