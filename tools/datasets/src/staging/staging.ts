/**
 * Where a data set lies between its files and the events: tables of a DuckDB on disk, which sorts what is larger than
 * memory. Importers fill it, `timeline` reads it in order of time.
 */
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { percent } from '@watchnext/command-line';
import { sqlText } from '@watchnext/event-archive';
import { makeOwnFolder } from '@watchnext/folder-lock';
import type { BadRows } from '../read/bad-rows';
import { count } from '../read/words';
import { matchesOf } from './matches';
import { leaveOutNobody, type NobodyRows } from './nobody';
import { leaveOutRepeated, leaveOutUnknownVideos } from './settle';
import { spreadTies, type TieOrder, type Ties } from './spread';
import { type ColumnKinds, TableAppender } from './table-appender';

/** Where a row stands: names its events, so the same files give the same ids. */
export interface RowPlace {
  /** Index that `source` gave. */
  readonly source: number;
  /** Unique within the source. */
  readonly line: number;
}

export interface VideoRow extends RowPlace {
  readonly videoId: string;
  readonly title: string;
  readonly channelId: string;
  readonly topics: readonly string[];
  /** 0: unknown. */
  readonly durationSeconds: number;
  /** 0: unknown. */
  readonly uploadedAtMs: number;
}

export interface UserRow extends RowPlace {
  readonly userId: string;
  readonly country?: string;
  readonly ageYears?: number;
  /** As in the contract: 0 for not told. */
  readonly gender?: number;
}

/** A watch that came from elsewhere, or of which it is not known what it came from. */
export interface WatchRow extends RowPlace {
  readonly userId: string;
  readonly videoId: string;
  readonly atMs: number;
  readonly positionSeconds: number;
  readonly country?: string;
  readonly device?: string;
}

export interface ImpressionRow extends WatchRow {
  readonly clicked: boolean;
  /** What the viewer saw as one page. All its lists are served at its first impression. */
  readonly pageId: string;
  /** One request; its impressions stand in the order of time. */
  readonly listId: string;
  readonly surface: string;
}

const PLACE = { source: 'number', line: 'number' } as const;
const VIDEOS: ColumnKinds = {
  video_id: 'text',
  title: 'text',
  channel_id: 'text',
  topics: 'text',
  duration_seconds: 'number',
  uploaded_at_ms: 'number',
  ...PLACE,
};
const USERS: ColumnKinds = { user_id: 'text', country: 'text', age_years: 'number', gender: 'number', ...PLACE };
const HAPPENED: ColumnKinds = {
  user_id: 'text',
  video_id: 'text',
  at_ms: 'number',
  position_seconds: 'number',
  country: 'text',
  device: 'text',
  ...PLACE,
};
/** `spread_ms`: how much later than their file tells (`spreadTies`). */
const WATCHES: ColumnKinds = { ...HAPPENED, spread_ms: 'number' };
const IMPRESSIONS: ColumnKinds = { ...HAPPENED, clicked: 'number', page_id: 'text', list_id: 'text', surface: 'text' };

const IN_ORDER: Readonly<Record<TieOrder, string>> = {
  file: 'the order of the file',
  'reversed file': 'the reverse order of the file, which has the newest first',
  'drawn: by video': 'an order that was drawn, since the file has them by video id',
  'drawn: not by time': "an order that was drawn, since the file has its users' watches in no order of time",
};

/** With this process's own memory well below 2 GB, whatever the size of the log. */
const MEMORY_LIMIT_MIB = 512;
const THREADS = 2;

export interface StagingOptions {
  /** Where it lies; default: a temporary folder, which goes with it. */
  readonly folder?: string;
  readonly memoryLimitMiB?: number;
}

export interface Source {
  readonly name: string;
  readonly file: string;
}

/** DuckDB's lock on its file holds other processes off, not another staging in this one. */
const openHere = new Set<string>();

export class Staging {
  private appenders:
    { videos: TableAppender; users: TableAppender; watches: TableAppender; impressions: TableAppender } | undefined;
  private readonly sourceList: Source[] = [];
  private readonly noteList: string[] = [];
  private readonly nobody: NobodyRows = new Map();
  /** Whether every video that may be watched stands in the catalogue; otherwise the others are added to it. */
  catalogueIsComplete = false;
  /** Sources that should tell of the videos and users of the log. */
  readonly describedBy: { videos?: number; users?: number } = {};

  private constructor(
    private readonly database: DuckDBInstance,
    readonly connection: DuckDBConnection,
    private readonly folder: string,
    private readonly isTemporary: boolean,
  ) {}

  /** Nobody else can open the folder until it is closed. @throws Error, "Could not set lock", when somebody has it open */
  static async open({ folder, memoryLimitMiB = MEMORY_LIMIT_MIB }: StagingOptions = {}): Promise<Staging> {
    const place = resolve(folder ?? (await makeOwnFolder(tmpdir(), 'watchnext-import', { isShared: true })));
    if (openHere.has(place)) throw new Error(`Could not set lock on ${place}: this process has it open`);
    openHere.add(place);
    try {
      await mkdir(place, { recursive: true });
      const database = await openDatabase(join(place, 'staging.duckdb'), {
        memory_limit: `${memoryLimitMiB}MiB`,
        threads: String(THREADS),
        temp_directory: join(place, 'spill'),
        preserve_insertion_order: 'false',
      });
      return new Staging(database, await database.connect(), place, folder === undefined);
    } catch (error) {
      openHere.delete(place);
      throw error;
    }
  }

  /** By index. */
  get sources(): readonly Source[] {
    return this.sourceList;
  }

  /** What a person should know of the data set. */
  get notes(): readonly string[] {
    return this.noteList;
  }

  /** Rows left out since their user is nobody, once it is settled. */
  get nobodyRowCount(): number {
    return [...this.nobody.values()].reduce((sum, count) => sum + count, 0);
  }

  /** A row of a user that is nobody by its id. */
  leaveOutRowOf(userId: string): void {
    this.nobody.set(userId, (this.nobody.get(userId) ?? 0) + 1);
  }

  note(text: string): void {
    this.noteList.push(text);
  }

  /** A note of what may spoil what is learned. */
  warn(text: string): void {
    this.note(`WARNING: ${text}`);
  }

  /** Creates the tables, dropping what an import that was cut off has left. */
  async begin(): Promise<void> {
    for (const table of ['videos', 'users', 'watches', 'impressions', 'sources', 'completed'])
      await this.connection.run(`drop table if exists ${table}`);
    this.appenders = {
      videos: await TableAppender.create(this.connection, 'videos', VIDEOS),
      users: await TableAppender.create(this.connection, 'users', USERS),
      watches: await TableAppender.create(this.connection, 'watches', WATCHES),
      impressions: await TableAppender.create(this.connection, 'impressions', IMPRESSIONS),
    };
  }

  /**
   * @param name tells this data set's sources apart, and stands in ids
   * @param file as messages name it
   */
  source(name: string, file: string): number {
    return this.sourceList.push({ name, file }) - 1;
  }

  addVideo(row: VideoRow): void {
    this.open.videos.add([
      row.videoId,
      row.title,
      row.channelId,
      row.topics.length === 0 ? '' : JSON.stringify(row.topics),
      row.durationSeconds,
      row.uploadedAtMs,
      row.source,
      row.line,
    ]);
  }

  addUser(row: UserRow): void {
    this.open.users.add([row.userId, row.country ?? '', row.ageYears ?? 0, row.gender ?? 0, row.source, row.line]);
  }

  addWatch(row: WatchRow): void {
    this.open.watches.add([...watchCells(row), 0]);
  }

  addImpression(row: ImpressionRow): void {
    this.open.impressions.add([...watchCells(row), row.clicked ? 1 : 0, row.pageId, row.listId, row.surface]);
  }

  /** Ends the filling: leaves out what other rows make unusable, and completes the catalogue. */
  async settle(badRows: BadRows): Promise<void> {
    for (const appender of Object.values(this.open)) appender.close();
    this.appenders = undefined;
    await leaveOutRepeated(this.connection, this.sourceList, badRows);
    const { note, warning } = await leaveOutNobody(this.connection, this.nobody);
    if (note !== undefined) this.note(note);
    if (warning !== undefined) this.warn(warning);
    for (const text of await matchesOf(this.connection, this.sourceList, this.describedBy)) this.warn(text);
    if (this.catalogueIsComplete) await leaveOutUnknownVideos(this.connection, this.sourceList, badRows);
    else
      await this.connection.run(`
        insert into videos
        select video_id, video_id, '', '', 0, 0, 0, 0
        from (select video_id from watches union select video_id from impressions) anti join videos using (video_id)`);
    // Impressions of one request share their time and their history.
    if (await this.hasNoImpressions()) this.noteTies(await spreadTies(this.connection));
  }

  private noteTies({ tied, watches, order }: Ties): void {
    if (tied === 0) return;
    this.note(
      `${count(tied)} of ${count(watches)} watches (${percent(tied / watches)}) have their time in common with others of their user: they were set a millisecond apart, in ${IN_ORDER[order]}`,
    );
  }

  private async hasNoImpressions(): Promise<boolean> {
    return (await this.connection.runAndReadAll('select 1 from impressions limit 1')).currentRowCount === 0;
  }

  /** Notes that all of it is there and may be used, and what was left out, for a process that goes on with it. */
  async complete(fingerprint: string, badRows: BadRows): Promise<void> {
    await this.connection.run(`create table sources as
      select * from (values ${this.sourceList.map(({ name, file }, n) => `(${n}, ${sqlText(name)}, ${sqlText(file)})`).join(', ') || "(0, '', '')"}) s(number, name, file)`);
    await this.connection.run(
      `create table completed as select ${sqlText(fingerprint)} as fingerprint, ${sqlText(badRows.toJson())} as bad_rows,
         ${sqlText(JSON.stringify(this.noteList))} as notes`,
    );
    await this.connection.run('checkpoint');
  }

  /** Whether an earlier process has filled it from the same files; then what it read is there, and `badRows` is told what it left out. */
  async wasFilledFrom(fingerprint: string, badRows: BadRows): Promise<boolean> {
    const tables = await this.connection.runAndReadAll(
      `select 1 from information_schema.tables where table_name = 'completed'`,
    );
    if (tables.currentRowCount === 0) return false;
    const completed = await this.connection.runAndReadAll('select * from completed');
    const [filledFrom, leftOut, notes] = (completed.getRows()[0] ?? []) as string[];
    // A staging of an earlier version has other columns.
    if (filledFrom !== fingerprint || notes === undefined) return false;
    badRows.addJson(leftOut);
    this.noteList.push(...(JSON.parse(notes) as string[]));
    const sources = await this.connection.runAndReadAll('select name, file from sources order by number');
    this.sourceList.push(...(sources.getRowObjects() as unknown as Source[]));
    return true;
  }

  async close(): Promise<void> {
    this.connection.closeSync();
    this.database.closeSync();
    openHere.delete(this.folder);
    if (this.isTemporary) await this.remove();
  }

  /** After `close`. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private get open(): NonNullable<Staging['appenders']> {
    if (this.appenders === undefined) throw new Error('the staging tables are not open for rows');
    return this.appenders;
  }
}

/** As DuckDB says it of a file that a full disk or a loss of power has left in part. */
const UNREADABLE = /not a valid DuckDB database file|Could not read enough bytes|Corrupt database file|replaying WAL/i;

/** Anew where what an earlier process left cannot be read: what it was made of can. */
async function openDatabase(file: string, settings: Record<string, string>): Promise<DuckDBInstance> {
  try {
    return await DuckDBInstance.create(file, settings);
  } catch (error) {
    if (!UNREADABLE.test((error as Error).message)) throw error;
    for (const each of [file, `${file}.wal`]) await rm(each, { force: true });
    return DuckDBInstance.create(file, settings);
  }
}

const watchCells = (row: WatchRow) => [
  row.userId,
  row.videoId,
  row.atMs,
  row.positionSeconds,
  row.country ?? '',
  row.device ?? '',
  row.source,
  row.line,
];
