/** Reads tables into the staging tables, as their mapping says. */
import { basename } from 'node:path';
import type { LoadOptions } from '../importer';
import { country, identifier, integer, text, withoutFraction } from '../read/cells';
import { watchSecondsOf } from '../ratings/rating-watch';
import type { Staging } from '../staging/staging';
import type { TableFiles } from './importer';
import { boolean, gender, moment, seconds } from './interpret';
import type { Mapping, VideoColumns } from './mapping';
import { pageIdsOf } from './page-ids';
import { eachRow, type Row } from './rows';
import type { TableFile } from './table-file';
import { topicList } from './topics';
import { UnitCheck } from './unit-check';

/** What a video of unknown duration counts as where all of it is watched. */
const UNKNOWN_DURATION_SECONDS = 60;
const TITLE_CHARACTERS = 500;
const MOST_YEARS = 150;
/** As exports write who has no id. */
const NOBODY = '-1';

export async function loadTable(
  files: TableFiles,
  mapping: Mapping,
  staging: Staging,
  options: LoadOptions,
): Promise<void> {
  const { videos, users } = mapping;
  const into: Target = { mapping, staging, options, durations: new Map() };
  if (videos !== undefined && files.videos !== undefined) await loadVideos(files.videos, videos, into);
  if (users !== undefined && files.users !== undefined) await loadUsers(files.users, users, into);
  // The log's own videos come to the durations, and are spelled as it has them.
  const describedIds: ReadonlySet<string> = new Set(into.durations.keys());
  for (const file of files.log) await loadLog(file, describedIds, into);
}

interface Target {
  readonly mapping: Mapping;
  readonly staging: Staging;
  readonly options: LoadOptions;
  /** By video, in seconds; 0 where it is not known. */
  readonly durations: Map<string, number>;
}

const fileAt = (path: string, { encoding, delimiter }: Mapping): TableFile => ({ path, encoding, delimiter });

async function loadVideos(path: string, columns: NonNullable<Mapping['videos']>, into: Target): Promise<void> {
  const { mapping, staging, options, durations } = into;
  const source = staging.source('videos', basename(path));
  staging.describedBy.videos = source;
  await eachRow(fileAt(path, mapping), columns, staging, options, (row) => {
    const video = videoOf(columns, identifier(columns.videoId, row.cell(columns.videoId)), row, options.nowMs);
    if (!durations.has(video.videoId)) durations.set(video.videoId, video.durationSeconds);
    staging.addVideo({ ...video, source, line: row.line });
  });
}

async function loadUsers(path: string, columns: NonNullable<Mapping['users']>, into: Target): Promise<void> {
  const { mapping, staging, options } = into;
  const source = staging.source('users', basename(path));
  staging.describedBy.users = source;
  await eachRow(fileAt(path, mapping), columns, staging, options, ({ cell, optional, line }) =>
    staging.addUser({
      userId: identifier(columns.userId, cell(columns.userId)),
      country: optional(columns.country, '', (text) => country('country', text)),
      ageYears: optional(columns.ageYears, 0, ageOf),
      gender: gender(cell(columns.gender)),
      source,
      line,
    }),
  );
}

async function loadLog(
  { path, name }: TableFiles['log'][number],
  describedIds: ReadonlySet<string>,
  { mapping, staging, options, durations }: Target,
): Promise<void> {
  const { log } = mapping;
  const source = staging.source(name, basename(path));
  const units = new UnitCheck();
  await eachRow(fileAt(path, mapping), log, staging, options, (row) => {
    const { line, cell, optional, times } = row;
    const place = { source, line };
    const userId = identifier(log.userId, cell(log.userId));
    if (withoutFraction(userId) === NOBODY) {
      staging.leaveOutRowOf(userId);
      return;
    }
    const videoId = spelledAsIn(describedIds, identifier(log.videoId, cell(log.videoId)));
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
      const ids = pageIdsOf(userId, cell(log.requestId), surface, atMs);
      staging.addImpression({ ...watch, clicked, surface, ...ids });
    }
  });
  if (log.watchSeconds !== undefined) units.noteIn(staging, { file: basename(path), column: log.watchSeconds.column });
}

const describesVideos = (log: Mapping['log']) =>
  Boolean(log.title ?? log.channelId ?? log.topics ?? log.durationSeconds ?? log.uploadedAt);

function videoOf(columns: VideoColumns, videoId: string, { cell, optional, times }: Row, nowMs: number) {
  const { uploadedAt, durationSeconds, topics } = columns;
  return {
    videoId,
    title: cell(columns.title).slice(0, TITLE_CHARACTERS) || videoId,
    channelId: optional(columns.channelId, '', optionalText),
    topics: optional<readonly string[]>(topics?.column, [], (text, column) =>
      topicList(column, text, topics!.separator),
    ),
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
