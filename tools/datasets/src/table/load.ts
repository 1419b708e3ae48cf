/** Reads tables into the staging tables, as their mapping says. */
import { basename } from 'node:path';
import { DAY_MS } from '@watchnext/features';
import type { LoadOptions } from '../importer';
import { country, identifier, integer, text } from '../read/cells';
import { watchSecondsOf } from '../ratings/rating-watch';
import type { Staging } from '../staging/staging';
import type { TableFiles } from './importer';
import { boolean, gender, moment, seconds, shortened, topicList } from './interpret';
import { columnsOf, type Mapping, type VideoColumns } from './mapping';
import { eachTableRow, requireDistinctIds, type TableFile, timeColumnsOf } from './table-file';

/** What a video of unknown duration counts as where all of it is watched. */
const UNKNOWN_DURATION_SECONDS = 60;
const TITLE_CHARACTERS = 500;

/** The cell of a column that is mapped; '' for one that is not. */
type Cell = (column: string | undefined) => string;

export async function loadTable(
  files: TableFiles,
  mapping: Mapping,
  staging: Staging,
  options: LoadOptions,
): Promise<void> {
  const { encoding, delimiter, log, videos, users } = mapping;
  const table = (path: string): TableFile => ({ path, encoding, delimiter });
  const each = async (path: string, part: Readonly<Record<string, unknown>>, take: TakeRow) => {
    const columns = columnsOf(part);
    await requireDistinctIds(table(path), idColumnsOf(part), staging.connection);
    const times = await timeColumnsOf(table(path), staging.connection);
    const places = new Map(columns.map((column, index) => [column, index]));
    let cells: readonly string[] = [];
    const cell: Cell = (column) => (column === undefined ? '' : cells[places.get(column) as number]);
    await eachTableRow(table(path), columns, staging.connection, options, (row, line) => {
      cells = row;
      take(cell, line, times);
    });
  };

  const durations = new Map<string, number>();
  if (videos !== undefined && files.videos !== undefined) {
    const source = staging.source('videos', basename(files.videos));
    await each(files.videos, videos, (cell, line, times) => {
      const video = videoOf(videos, videos.videoId, cell, times, options.nowMs);
      if (!durations.has(video.videoId)) durations.set(video.videoId, video.durationSeconds);
      staging.addVideo({ ...video, source, line });
    });
  }
  if (users !== undefined && files.users !== undefined) {
    const source = staging.source('users', basename(files.users));
    await each(files.users, users, (cell, line) =>
      staging.addUser({
        userId: identifier(users.userId, cell(users.userId)),
        country: country('country', cell(users.country)),
        ageYears: cell(users.ageYears) === '' ? 0 : Math.min(integer('ageYears', cell(users.ageYears)), 150),
        gender: gender(cell(users.gender)),
        source,
        line,
      }),
    );
  }
  for (const [index, path] of files.log.entries()) {
    const source = staging.source(files.log.length === 1 ? 'log' : `log${index}`, basename(path));
    await each(path, log, (cell, line, times) => {
      const place = { source, line };
      const userId = identifier(log.userId, cell(log.userId));
      const video = videoOf(log, log.videoId, cell, times, options.nowMs);
      const { videoId } = video;
      const atMs = moment(log.time, cell(log.time.column), times, options.nowMs);
      const durationSeconds = video.durationSeconds || (durations.get(videoId) ?? 0);
      const watch = {
        userId,
        videoId,
        atMs,
        positionSeconds: secondsWatched(log, cell, durationSeconds),
        country: country('country', cell(log.country)),
        device: text('device', cell(log.device)),
        ...place,
      };
      const clicked = log.clicked === undefined || boolean(log.clicked, cell(log.clicked));
      // All is checked by now: half a row cannot be taken back.
      if (!durations.has(videoId)) {
        durations.set(videoId, durationSeconds);
        if (describesVideos(log)) staging.addVideo({ ...video, ...place });
      }
      if (log.clicked === undefined) staging.addWatch(watch);
      else {
        const surface = text('surface', cell(log.surface));
        const request = cell(log.requestId);
        const page = request === '' ? `${userId}:${Math.floor(atMs / DAY_MS)}` : `${userId}:${request}`;
        const pageId = shortened(`table:${page}`);
        const listId = surface === '' ? pageId : shortened(`table:${page}:${surface}`);
        staging.addImpression({ ...watch, clicked, surface, pageId, listId });
      }
    });
  }
}

const idColumnsOf = ({ userId, videoId, channelId, requestId }: Readonly<Record<string, unknown>>) =>
  [userId, videoId, channelId, requestId].filter((column) => typeof column === 'string');

type TakeRow = (cell: Cell, line: number, times: ReadonlySet<string>) => void;

const describesVideos = (log: Mapping['log']) =>
  Boolean(log.title ?? log.channelId ?? log.topics ?? log.durationSeconds ?? log.uploadedAt);

function videoOf(columns: VideoColumns, idColumn: string, cell: Cell, times: ReadonlySet<string>, nowMs: number) {
  const videoId = identifier(idColumn, cell(idColumn));
  const { uploadedAt, durationSeconds, topics } = columns;
  return {
    videoId,
    title: cell(columns.title).slice(0, TITLE_CHARACTERS) || videoId,
    channelId: text('channelId', cell(columns.channelId)),
    topics: topics === undefined ? [] : topicList(cell(topics.column), topics.separator),
    durationSeconds: seconds(durationSeconds, cell(durationSeconds?.column)),
    uploadedAtMs:
      uploadedAt === undefined || cell(uploadedAt.column) === ''
        ? 0
        : moment(uploadedAt, cell(uploadedAt.column), times, nowMs),
  };
}

function secondsWatched(log: Mapping['log'], cell: Cell, durationSeconds: number): number {
  if (log.watchSeconds !== undefined) return seconds(log.watchSeconds, cell(log.watchSeconds.column));
  const whole = durationSeconds || UNKNOWN_DURATION_SECONDS;
  if (log.rating === undefined) return whole;
  return watchSecondsOf(cell(log.rating.column), log.rating, whole);
}
