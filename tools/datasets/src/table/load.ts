/** Reads tables into the staging tables, as their mapping says. */
import { basename } from 'node:path';
import { DAY_MS } from '@watchnext/features';
import type { LoadOptions } from '../importer';
import { country, identifier, integer, isNothing, text, withoutFraction } from '../read/cells';
import { OddCells } from '../read/odd-cells';
import { watchSecondsOf } from '../ratings/rating-watch';
import type { Staging } from '../staging/staging';
import type { TableFiles } from './importer';
import { boolean, gender, moment, seconds, shortened, topicList } from './interpret';
import { columnsOf, type Mapping, type VideoColumns } from './mapping';
import { UnitCheck } from './unit-check';
import { eachTableRow, requireDistinctIds, type TableFile, timeColumnsOf } from './table-file';

/** What a video of unknown duration counts as where all of it is watched. */
const UNKNOWN_DURATION_SECONDS = 60;
const TITLE_CHARACTERS = 500;
const MOST_YEARS = 150;
/** As exports write who has no id. */
const NOBODY = '-1';

/** The cell of a column that is mapped, in its row; '' for one that is not, or that says so. */
interface Row {
  readonly line: number;
  readonly cell: (column: string | undefined) => string;
  /** As it stands. */
  readonly raw: (column: string) => string;
  /** What a cell tells that the row can do without. */
  readonly optional: <Value>(
    column: string | undefined,
    otherwise: Value,
    read: (cell: string, column: string) => Value,
  ) => Value;
  /** Columns that hold times as such. */
  readonly times: ReadonlySet<string>;
}

export async function loadTable(
  files: TableFiles,
  mapping: Mapping,
  staging: Staging,
  options: LoadOptions,
): Promise<void> {
  const { encoding, delimiter, log, videos, users } = mapping;
  const table = (path: string): TableFile => ({ path, encoding, delimiter });
  const each = async (path: string, part: Readonly<Record<string, unknown>>, take: (row: Row) => void) => {
    const columns = columnsOf(part);
    await requireDistinctIds(table(path), idColumnsOf(part), staging.connection);
    const times = await timeColumnsOf(table(path), staging.connection);
    const places = new Map(columns.map((column, index) => [column, index]));
    const odd = new OddCells(basename(path));
    let cells: readonly string[] = [];
    let line = 0;
    const raw = (column: string) => cells[places.get(column) as number];
    const cell: Row['cell'] = (column) => (column === undefined || isNothing(raw(column)) ? '' : raw(column));
    const optional: Row['optional'] = (column, otherwise, read) =>
      odd.take(column, line, otherwise, () => read(cell(column), column as string));
    await eachTableRow(table(path), columns, staging.connection, options, (found, foundLine) => {
      [cells, line] = [found, foundLine];
      take({ line, cell, raw, optional, times });
    });
    odd.noteIn(staging);
  };

  const durations = new Map<string, number>();
  if (videos !== undefined && files.videos !== undefined) {
    const source = staging.source('videos', basename(files.videos));
    staging.describedBy.videos = source;
    await each(files.videos, videos, (row) => {
      const video = videoOf(videos, identifier(videos.videoId, row.cell(videos.videoId)), row, options.nowMs);
      if (!durations.has(video.videoId)) durations.set(video.videoId, video.durationSeconds);
      staging.addVideo({ ...video, source, line: row.line });
    });
  }
  if (users !== undefined && files.users !== undefined) {
    const source = staging.source('users', basename(files.users));
    staging.describedBy.users = source;
    await each(files.users, users, ({ cell, optional, line }) =>
      staging.addUser({
        userId: identifier(users.userId, cell(users.userId)),
        country: optional(users.country, '', (text) => country('country', text)),
        ageYears: optional(users.ageYears, 0, ageOf),
        gender: gender(cell(users.gender)),
        source,
        line,
      }),
    );
  }
  const idsOfVideos: ReadonlySet<string> = new Set(durations.keys());
  for (const { path, name } of files.log) {
    const source = staging.source(name, basename(path));
    const units = new UnitCheck();
    await each(path, log, (row) => {
      const { line, cell, optional, times } = row;
      const place = { source, line };
      const userId = identifier(log.userId, cell(log.userId));
      if (withoutFraction(userId) === NOBODY) {
        staging.leaveOutRowOf(userId);
        return;
      }
      const videoId = spelledAsIn(idsOfVideos, identifier(log.videoId, cell(log.videoId)));
      const atMs = moment(log.time, cell(log.time.column), times, options.nowMs);
      const video = videoOf(log, videoId, row, options.nowMs);
      const durationSeconds = video.durationSeconds || (durations.get(videoId) ?? 0);
      const clicked = log.clicked === undefined || boolean(log.clicked, cell(log.clicked));
      const watch = {
        userId,
        videoId,
        atMs,
        // Whatever stands there of what was not watched: a left join with the watches leaves nothing.
        positionSeconds: clicked ? secondsWatched(log, row, durationSeconds) : 0,
        country: optional(log.country, '', (text) => country('country', text)),
        device: optional(log.device, '', optionalText),
        ...place,
      };
      const surface = optional(log.surface, '', optionalText);
      if (clicked) units.see(watch.positionSeconds, durationSeconds);
      // All is checked by now: half a row cannot be taken back.
      if (!durations.has(videoId)) {
        durations.set(videoId, durationSeconds);
        if (describesVideos(log)) staging.addVideo({ ...video, ...place });
      }
      if (log.clicked === undefined) staging.addWatch(watch);
      else {
        const request = cell(log.requestId);
        const page = request === '' ? `${userId}:${Math.floor(atMs / DAY_MS)}` : `${userId}:${request}`;
        const pageId = shortened(`table:${page}`);
        const listId = surface === '' ? pageId : shortened(`table:${page}:${surface}`);
        staging.addImpression({ ...watch, clicked, surface, pageId, listId });
      }
    });
    if (log.watchSeconds !== undefined)
      units.noteIn(staging, { file: basename(path), column: log.watchSeconds.column });
  }
}

const idColumnsOf = ({ userId, videoId, channelId, requestId }: Readonly<Record<string, unknown>>) =>
  [userId, videoId, channelId, requestId].filter((column) => typeof column === 'string');

const describesVideos = (log: Mapping['log']) =>
  Boolean(log.title ?? log.channelId ?? log.topics ?? log.durationSeconds ?? log.uploadedAt);

function videoOf(columns: VideoColumns, videoId: string, { cell, optional, times }: Row, nowMs: number) {
  const { uploadedAt, durationSeconds, topics } = columns;
  return {
    videoId,
    title: cell(columns.title).slice(0, TITLE_CHARACTERS) || videoId,
    channelId: optional(columns.channelId, '', optionalText),
    topics: optional<readonly string[]>(topics?.column, [], (text) => topicList(text, topics!.separator)),
    durationSeconds: optional(durationSeconds?.column, 0, (text) =>
      text === '' ? 0 : seconds(durationSeconds!, text),
    ),
    uploadedAtMs: optional(uploadedAt?.column, 0, (text) =>
      text === '' ? 0 : moment(uploadedAt!, text, times, nowMs),
    ),
  };
}

const optionalText = (cell: string, column: string) => text(column, cell);

const ageOf = (cell: string) => (cell === '' ? 0 : Math.min(integer('ageYears', withoutFraction(cell)), MOST_YEARS));

/** An id as the file of videos has it, where both mean the same: without the space or the fraction that came to one of them on its way. */
function spelledAsIn(known: ReadonlySet<string>, id: string): string {
  if (known.has(id)) return id;
  const trimmed = id.trim();
  return [trimmed, withoutFraction(trimmed), `${trimmed}.0`].find((spelling) => known.has(spelling)) ?? id;
}

function secondsWatched(log: Mapping['log'], { raw }: Row, durationSeconds: number): number {
  if (log.watchSeconds !== undefined) return seconds(log.watchSeconds, raw(log.watchSeconds.column));
  const whole = durationSeconds || UNKNOWN_DURATION_SECONDS;
  if (log.rating === undefined) return whole;
  return watchSecondsOf(raw(log.rating.column), log.rating, whole);
}
