/** Reads the files into the staging tables. */
import { basename } from 'node:path';
import { sqlReadPath } from '@watchnext/event-archive';
import { DatasetError } from '../dataset-error';
import type { LoadOptions } from '../importer';
import { BadCell, integer, quote, real, time } from '../read/cells';
import { eachCsvRow } from '../read/each-row';
import type { Staging } from '../staging/staging';
import type { KuaiRandFiles } from './files';

/** The longest play that counts, as in the peers' measurements. */
const LONGEST_PLAY_SECONDS = 600;
/** Dates are those of Beijing, where the data was taken. */
const BEIJING_OFFSET = '+08:00';
/** What the sequences do not tell: when, and how long. One watch each ten minutes up to the last one's time. */
const SEQUENCE_SPACING_MS = 600_000;
const SHORT_WATCH_SHARE = 0.2;
const SHORT_WATCH_MAX_SECONDS = 5;
/** A picture post has no duration; one that was looked at long is given the shortest watch that counts as completed. */
const LONG_LOOK_SECONDS = 10;

/** Durations in seconds by video id. */
type Durations = Map<number, number>;

export async function loadKuaiRand(files: KuaiRandFiles, staging: Staging, options: LoadOptions): Promise<void> {
  staging.catalogueIsComplete = true;
  // Only the sequences ask for them: the large editions, which have none, have millions of videos.
  const durations: Durations | undefined = files.sequences === undefined ? undefined : new Map();
  await loadVideos(files.videos, staging, durations, options);
  await loadUsers(files.users, staging, options);
  for (const log of files.logs) await loadLog(log, staging, options);
  if (files.sequences !== undefined) await loadSequences(files.sequences, staging, durations as Durations, options);
}

async function loadVideos(
  path: string,
  staging: Staging,
  durations: Durations | undefined,
  options: LoadOptions,
): Promise<void> {
  const source = staging.source('videos', basename(path));
  const columns = ['video_id', 'author_id', 'upload_dt', 'video_duration', 'tag'];
  await eachCsvRow(path, columns, options, ([videoId, authorId, uploadDay, duration, tag], line) => {
    const id = integer('video_id', videoId);
    const uploadedAtMs = Date.parse(`${uploadDay}T00:00:00${BEIJING_OFFSET}`);
    if (Number.isNaN(uploadedAtMs)) throw new BadCell(`upload_dt is no date: ${quote(uploadDay)}`);
    const topics = tag === '' ? [] : tag.split(',').map((part) => `tag-${integer('tag', part)}`);
    // Empty for picture posts.
    const durationSeconds = duration === '' ? 0 : real('video_duration', duration) / 1_000;
    staging.addVideo({
      videoId: `video-${id}`,
      title: topics.length > 0 ? `Video ${id} (${topics.join(', ')})` : `Video ${id}`,
      channelId: `author-${integer('author_id', authorId)}`,
      topics,
      durationSeconds,
      uploadedAtMs,
      source,
      line,
    });
    durations?.set(id, durationSeconds);
  });
}

async function loadUsers(path: string, staging: Staging, options: LoadOptions): Promise<void> {
  const source = staging.source('users', basename(path));
  await eachCsvRow(path, ['user_id'], options, ([userId], line) =>
    staging.addUser({ userId: `user-${integer('user_id', userId)}`, source, line }),
  );
}

async function loadLog(log: KuaiRandFiles['logs'][number], staging: Staging, options: LoadOptions): Promise<void> {
  const source = staging.source(log.period, basename(log.path));
  const columns = ['user_id', 'video_id', 'date', 'time_ms', 'is_click', 'play_time_ms', 'tab'];
  await eachCsvRow(log.path, columns, options, ([user, video, date, timeMs, click, play, tab], line) => {
    const userId = `user-${integer('user_id', user)}`;
    const videoId = `video-${integer('video_id', video)}`;
    const atMs = time('time_ms', integer('time_ms', timeMs), options.nowMs);
    const positionSeconds = Math.min(integer('play_time_ms', play) / 1_000, LONGEST_PLAY_SECONDS);
    const tabNumber = integer('tab', tab);
    if (!/^\d{8}$/.test(date)) throw new BadCell(`date is no day as 20220425: ${quote(date)}`);
    if (click !== '0' && click !== '1') throw new BadCell(`is_click is neither 0 nor 1: ${quote(click)}`);
    const pageId = `kuairand:${userId}:${date}`;
    staging.addImpression({
      userId,
      videoId,
      atMs,
      positionSeconds,
      clicked: click === '1',
      pageId,
      listId: `${pageId}:${tabNumber}`,
      surface: `tab-${tabNumber}`,
      source,
      line,
    });
  });
}

async function loadSequences(
  path: string,
  staging: Staging,
  durations: Durations,
  options: LoadOptions,
): Promise<void> {
  const file = basename(path);
  const source = staging.source('sequence', file);
  const table = `read_parquet(${sqlReadPath(path)})`;
  const columns = (await staging.connection.runAndReadAll(`describe select * from ${table}`)).getColumnsJS()[0];
  const missing = ['user_id', 'last_time_ms', 'watch_seq', 'long_watch_seq'].filter(
    (column) => !columns.includes(column),
  );
  if (missing.length > 0) throw new DatasetError(`${file} lacks the columns ${missing.join(', ')}`);
  // JSON for the two lists: DuckDB's own list values cost several times as much to take apart.
  const result = await staging.connection.runAndReadAll(`
    select user_id::double, last_time_ms::double, coalesce(to_json(watch_seq), '[]')::varchar, coalesce(to_json(long_watch_seq), '[]')::varchar
    from ${table} order by user_id`);
  let line = 0;
  for (const [row, [user, lastMs, watched, watchedLong]] of (
    result.getRowsJS() as [number, number, string, string][]
  ).entries()) {
    const sequence = joinSequences(JSON.parse(watched) as number[], JSON.parse(watchedLong) as number[]);
    const unknown = sequence.find(({ video }) => !durations.has(video));
    if (unknown !== undefined) {
      options.badRows.add(file, row + 1, `video ${unknown.video} of user ${user} is not among the videos`);
      continue;
    }
    for (const [number, { video, long }] of sequence.entries())
      staging.addWatch({
        userId: `user-${user}`,
        videoId: `video-${video}`,
        atMs: lastMs - (sequence.length - 1 - number) * SEQUENCE_SPACING_MS,
        positionSeconds: sequenceSeconds(durations.get(video) as number, long),
        source,
        line: line++,
      });
  }
  options.onReading(file, result.currentRowCount);
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
