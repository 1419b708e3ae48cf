/** Reads the files into a DuckDB of this process, which then sorts what may be larger than memory. */
import { basename } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { VideoFacts } from '@watchnext/contract';
import type { BadRows } from '../bad-rows';
import { readCsv } from '../csv';
import { DatasetError, type ImportOptions } from '../importer';
import type { KuaiRandFiles } from './files';

/** The longest play that counts, as in the peers' measurements. */
const LONGEST_PLAY_SECONDS = 600;
const REPORT_EVERY_ROWS = 20_000;
/** Dates are those of Beijing, where the data was taken. */
const BEIJING_OFFSET = '+08:00';
/** What the sequences do not tell: when, and how long. One watch each ten minutes up to the last one's time. */
const SEQUENCE_SPACING_MS = 600_000;
const SHORT_WATCH_SHARE = 0.2;
const SHORT_WATCH_MAX_SECONDS = 5;
/** A picture post has no duration; one that was looked at long is given the shortest watch that counts as completed. */
const LONG_LOOK_SECONDS = 10;
const EARLIEST_MS = Date.UTC(2010, 0);
const LATEST_MS = Date.UTC(2100, 0);

export interface LoadedVideo {
  readonly id: number;
  readonly facts: VideoFacts;
}

export interface Loaded {
  /** By upload time, then id. */
  readonly videos: ReadonlyMap<number, LoadedVideo>;
  /** Ascending. */
  readonly users: readonly number[];
}

class BadCell extends Error {}

/** Creates and fills the tables `impressions` and `sequence_watches`; videos and users stay in memory. */
export async function load(
  connection: DuckDBConnection,
  files: KuaiRandFiles,
  badRows: BadRows,
  given: ImportOptions,
): Promise<Loaded> {
  let earlierRows = 0;
  let current = { file: '', rows: 0 };
  const onReading = (file: string, rows: number) => {
    if (file !== current.file) earlierRows += current.rows;
    current = { file, rows };
    given.onReading?.(file, earlierRows + rows);
  };
  const options = { ...given, onReading };
  await connection.run(`
    create table impressions (user_id bigint, video_id bigint, day integer, tab integer, at_ms bigint, clicked boolean,
                              play_seconds double, period varchar, line integer);
    create table sequence_watches (user_id bigint, number integer, video_id bigint, at_ms bigint, play_seconds double)`);
  const videos = await loadVideos(files.videos, badRows, options);
  const users = await loadUsers(files.users, badRows, options);
  for (const log of files.logs) await loadLog(connection, log, videos, badRows, options);
  if (files.sequences !== undefined) await loadSequences(connection, files.sequences, videos, badRows, options);
  return { videos, users };
}

/** Reads a file row by row; a `BadCell` thrown for a row puts it among the bad ones. */
async function eachRow(
  path: string,
  columns: readonly string[],
  badRows: BadRows,
  options: ImportOptions,
  take: (cells: readonly string[], line: number) => void,
): Promise<void> {
  const file = basename(path);
  let rows = 0;
  for await (const { line, cells } of readCsv(path, columns, (badLine, reason) => badRows.add(file, badLine, reason))) {
    try {
      take(cells, line);
    } catch (error) {
      if (!(error instanceof BadCell)) throw error;
      badRows.add(file, line, error.message);
    }
    if (++rows % REPORT_EVERY_ROWS === 0) {
      options.signal?.throwIfAborted();
      options.onReading?.(file, rows);
    }
  }
  options.onReading?.(file, rows);
}

async function loadVideos(path: string, badRows: BadRows, options: ImportOptions): Promise<Map<number, LoadedVideo>> {
  const videos = new Map<number, LoadedVideo>();
  await eachRow(
    path,
    ['video_id', 'author_id', 'upload_dt', 'video_duration', 'tag'],
    badRows,
    options,
    ([videoId, authorId, uploadDay, duration, tag]) => {
      const id = integer('video_id', videoId);
      if (videos.has(id)) throw new BadCell(`video_id ${id} stands there twice`);
      const uploadedAtMs = Date.parse(`${uploadDay}T00:00:00${BEIJING_OFFSET}`);
      if (Number.isNaN(uploadedAtMs)) throw new BadCell(`upload_dt is no date: ${quote(uploadDay)}`);
      const facts = {
        channelId: `author-${integer('author_id', authorId)}`,
        topics: tag === '' ? [] : tag.split(',').map((part) => `tag-${integer('tag', part)}`),
        // Empty for picture posts.
        durationSeconds: duration === '' ? 0 : real('video_duration', duration) / 1_000,
        uploadedAtMs,
      };
      videos.set(id, { id, facts });
    },
  );
  return new Map([...videos].sort(([, a], [, b]) => a.facts.uploadedAtMs - b.facts.uploadedAtMs || a.id - b.id));
}

async function loadUsers(path: string, badRows: BadRows, options: ImportOptions): Promise<number[]> {
  const users = new Set<number>();
  await eachRow(path, ['user_id'], badRows, options, ([userId]) => {
    const id = integer('user_id', userId);
    if (users.has(id)) throw new BadCell(`user_id ${id} stands there twice`);
    users.add(id);
  });
  return [...users].sort((a, b) => a - b);
}

async function loadLog(
  connection: DuckDBConnection,
  log: KuaiRandFiles['logs'][number],
  videos: ReadonlyMap<number, LoadedVideo>,
  badRows: BadRows,
  options: ImportOptions,
): Promise<void> {
  const appender = await connection.createAppender('impressions');
  try {
    const columns = ['user_id', 'video_id', 'date', 'time_ms', 'is_click', 'play_time_ms', 'tab'];
    await eachRow(log.path, columns, badRows, options, ([userId, videoId, date, time, click, play, tab], line) => {
      // Everything is checked before anything is appended: half a row cannot be taken back.
      const user = integer('user_id', userId);
      const video = integer('video_id', videoId);
      const day = integer('date', date);
      const atMs = integer('time_ms', time);
      const playSeconds = Math.min(integer('play_time_ms', play) / 1_000, LONGEST_PLAY_SECONDS);
      const tabNumber = integer('tab', tab);
      if (!/^\d{8}$/.test(date)) throw new BadCell(`date is no day as 20220425: ${quote(date)}`);
      if (atMs < EARLIEST_MS || atMs > LATEST_MS)
        throw new BadCell(`time_ms is no time of this century: ${quote(time)}`);
      if (click !== '0' && click !== '1') throw new BadCell(`is_click is neither 0 nor 1: ${quote(click)}`);
      if (!videos.has(video)) throw new BadCell(`video_id ${video} is not among the videos`);
      appender.appendBigInt(BigInt(user));
      appender.appendBigInt(BigInt(video));
      appender.appendInteger(day);
      appender.appendInteger(tabNumber);
      appender.appendBigInt(BigInt(atMs));
      appender.appendBoolean(click === '1');
      appender.appendDouble(playSeconds);
      appender.appendVarchar(log.period);
      appender.appendInteger(line);
      appender.endRow();
    });
  } finally {
    appender.closeSync();
  }
}

async function loadSequences(
  connection: DuckDBConnection,
  path: string,
  videos: ReadonlyMap<number, LoadedVideo>,
  badRows: BadRows,
  options: ImportOptions,
): Promise<void> {
  const file = basename(path);
  const source = `read_parquet('${path.replaceAll("'", "''")}')`;
  const columns = (await connection.runAndReadAll(`describe select * from ${source}`)).getColumnsJS()[0];
  const missing = ['user_id', 'last_time_ms', 'watch_seq', 'long_watch_seq'].filter(
    (column) => !columns.includes(column),
  );
  if (missing.length > 0) throw new DatasetError(`${file} lacks the columns ${missing.join(', ')}`);
  // JSON for the two lists: DuckDB's own list values cost several times as much to take apart.
  const result = await connection.runAndReadAll(`
    select user_id::double, last_time_ms::double, coalesce(to_json(watch_seq), '[]')::varchar, coalesce(to_json(long_watch_seq), '[]')::varchar
    from ${source} order by user_id`);
  const appender = await connection.createAppender('sequence_watches');
  try {
    for (const [row, [user, lastMs, watched, watchedLong]] of (
      result.getRowsJS() as [number, number, string, string][]
    ).entries()) {
      const sequence = joinSequences(JSON.parse(watched) as number[], JSON.parse(watchedLong) as number[]);
      const unknown = sequence.find(({ video }) => !videos.has(video));
      if (unknown !== undefined) {
        badRows.add(file, row + 1, `video ${unknown.video} of user ${user} is not among the videos`);
        continue;
      }
      for (const [number, { video, long }] of sequence.entries()) {
        appender.appendBigInt(BigInt(user));
        appender.appendInteger(number);
        appender.appendBigInt(BigInt(video));
        appender.appendBigInt(BigInt(lastMs - (sequence.length - 1 - number) * SEQUENCE_SPACING_MS));
        appender.appendDouble(sequenceSeconds(videos.get(video)!.facts.durationSeconds, long));
        appender.endRow();
      }
    }
  } finally {
    appender.closeSync();
  }
  options.onReading?.(file, result.currentRowCount);
}

/**
 * One history out of a user's two: the last 50 watches, and the last 50 that were long. Both end at the same moment,
 * so they are matched from the end; long watches left over happened before the first of the 50.
 */
export function joinSequences(
  watched: readonly number[],
  watchedLong: readonly number[],
): { video: number; long: boolean }[] {
  let left = watchedLong.length;
  const recent = watched.toReversed().map((video) => {
    const long = left > 0 && watchedLong[left - 1] === video;
    if (long) left--;
    return { video, long };
  });
  return [...watchedLong.slice(0, left).map((video) => ({ video, long: true })), ...recent.reverse()];
}

function sequenceSeconds(durationSeconds: number, long: boolean): number {
  if (!long) return Math.min(SHORT_WATCH_MAX_SECONDS, SHORT_WATCH_SHARE * durationSeconds);
  return durationSeconds > 0 ? durationSeconds : LONG_LOOK_SECONDS;
}

function integer(column: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new BadCell(`${column} is no whole number: ${quote(text)}`);
  return Number(text);
}

function real(column: string, text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0)
    throw new BadCell(`${column} is no number of at least 0: ${quote(text)}`);
  return value;
}

const quote = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
