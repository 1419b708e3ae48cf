/** A data set as events: read into the staging tables, and out of them in order of time. */
import { Rung, type Event, type ImpressionItem } from '@watchnext/contract';
import { DRAWN, LIMITS } from '@watchnext/features';
import { DatasetError } from './dataset-error';
import { drawLists } from './draw-lists';
import { eventIdOf } from './event-id';
import { fingerprintOf } from './fingerprint';
import type { Importer } from './importer';
import { BadRows } from './read/bad-rows';
import { EARLIEST_MS } from './read/cells';
import { ReadingProgress } from './read/reading-progress';
import { Staging } from './staging/staging';
import {
  countPairs,
  countStaged,
  readTimeline,
  readUsers,
  readVideos,
  type StagedCounts,
  type TimelineRow,
} from './staging/timeline';

export interface ImportSummary {
  /** Events that are about to come, for progress. */
  readonly eventCount: number;
  /** By what they are, as {impressions: 185061}. */
  readonly counts: Readonly<Record<string, number>>;
  /** What else a person should know of the data set, in words. */
  readonly notes: readonly string[];
}

export interface DatasetOptions {
  /** Collects the rows left out. */
  readonly badRows?: BadRows;
  /**
   * Called while files are read, before the first event. `rows` counts over all files so far, `totalRows` is an estimate by
   * their bytes; 0 while there is none.
   */
  readonly onReading?: (file: string, rows: number, totalRows: number) => void;
  /** Called once, when everything is read and before the first event. */
  readonly onLoaded?: (summary: ImportSummary) => void;
  readonly signal?: AbortSignal;
  /** For tables: the file that says what the columns are. */
  readonly mappingFile?: string;
  /** Sets watches of a log without impressions among drawn ones; default true. */
  readonly drawLists?: boolean;
  /**
   * A folder that keeps what was read, for an import that goes on after it was cut off, or what the caller has opened and
   * closes; default: a temporary folder.
   */
  readonly staging?: string | Staging;
  /** Largest share of rows that may be left out before nothing is imported at all; default 0.5. */
  readonly mostBadRows?: number;
  /** Default: now. */
  readonly nowMs?: number;
}

const MOST_BAD_ROWS = 0.5;
/** The collector takes no longer list. */
const MOST_ITEMS = LIMITS.itemsPerImpressionsServed;

/**
 * The data set as backfill: the catalogue and users first, then activity in order of time. The same files give the same
 * events, ids and all. Nothing comes before all is read and found sound.
 *
 * @param path the data set's folder or file
 * @throws DatasetError when a file or a column is missing, or too much of it cannot be used
 */
export async function* datasetEvents(
  importer: Importer,
  path: string,
  options: DatasetOptions = {},
): AsyncGenerator<Event> {
  const { staging: given, signal = new AbortController().signal, badRows = new BadRows() } = options;
  const staging = given instanceof Staging ? given : await Staging.open({ folder: given });
  try {
    await fill(staging, importer, path, { ...options, signal, badRows });
    const counts = await countStaged(staging, MOST_ITEMS);
    if (counts.firstMs === undefined)
      throw new DatasetError(
        badRows.total > 0
          ? `none of the rows can be used:\n${badRows.describe()}`
          : [`${path} holds no activity`, ...staging.notes].join('\n'),
      );
    const drawsLists = options.drawLists !== false && !importer.hasImpressions && counts.impressions === 0;
    const drawnCount = drawsLists ? await countPairs(staging) : 0;
    options.onLoaded?.(summaryOf(counts, drawnCount, staging.notes));
    yield* new EventWriter(importer.name, staging, counts, signal).events(drawnCount);
  } finally {
    if (staging !== given) await staging.close();
  }
}

async function fill(
  staging: Staging,
  importer: Importer,
  path: string,
  options: DatasetOptions & { readonly signal: AbortSignal; readonly badRows: BadRows },
): Promise<void> {
  const { badRows, signal, onReading, mappingFile, nowMs = Date.now(), mostBadRows = MOST_BAD_ROWS } = options;
  const fingerprint = await fingerprintOf(importer, path, { mappingFile });
  if (await staging.wasFilledFrom(fingerprint, badRows)) return;
  await staging.begin();
  const progress = await ReadingProgress.of(await importer.files(path, mappingFile));
  await importer.load(path, staging, {
    badRows,
    signal,
    nowMs,
    mappingFile,
    onReading: (file, rows, bytes) => {
      progress.note(file, rows, bytes);
      onReading?.(file, progress.rows, progress.totalRows);
    },
  });
  await staging.settle(badRows);
  const rows = progress.rows - staging.nobodyRowCount;
  if (badRows.total > mostBadRows * rows)
    throw new DatasetError(
      `${badRows.total} of ${rows} rows cannot be used, so nothing was imported:\n${badRows.describe()}`,
    );
  await staging.complete(fingerprint, badRows);
}

function summaryOf(counts: StagedCounts, drawnCount: number, notes: readonly string[]): ImportSummary {
  const { videos, users, impressions, lists, pages, clicked, watches } = counts;
  return {
    eventCount: videos + users + lists + drawnCount + clicked + watches,
    counts: {
      videos,
      users,
      impressions,
      lists,
      pages,
      watches: clicked,
      other_watches: watches,
      ...(drawnCount > 0 ? { drawn_lists: drawnCount } : {}),
    },
    notes,
  };
}

class EventWriter {
  constructor(
    private readonly dataset: string,
    private readonly staging: Staging,
    private readonly counts: StagedCounts,
    private readonly signal: AbortSignal,
  ) {}

  /** @param drawnCount lists to draw; 0: none are */
  async *events(drawnCount: number): AsyncGenerator<Event> {
    yield* this.catalogueAndUsers();
    if (drawnCount > 0) yield* this.drawnActivity(drawnCount);
    else yield* this.activity();
  }

  private async *catalogueAndUsers(): AsyncGenerator<Event> {
    const beforeMs = (this.counts.firstMs as number) - 1;
    for await (const videos of readVideos(this.staging)) {
      this.signal.throwIfAborted();
      for (const { videoId, title, facts } of videos) {
        // What is older than its kind of log was uploaded before the log began.
        const atMs = facts.uploadedAtMs >= EARLIEST_MS ? facts.uploadedAtMs : Math.min(beforeMs, EARLIEST_MS);
        yield this.event(atMs, `video ${videoId}`, {
          $case: 'videoUpserted',
          value: { videoId, title, video: facts, thumbnailUrl: '', availability: undefined },
        });
      }
    }
    for await (const users of readUsers(this.staging)) {
      for (const { userId, country, ageYears, gender, hasProfile } of users) {
        yield this.event(beforeMs, `user ${userId}`, {
          $case: 'userUpserted',
          value: {
            userId,
            profile: hasProfile ? { country, language: '', ageYears, gender, blockedChannelIds: [] } : undefined,
          },
        });
      }
    }
  }

  private async *activity(): AsyncGenerator<Event> {
    let list: TimelineRow[] = [];
    for await (const rows of readTimeline(this.staging)) {
      this.signal.throwIfAborted();
      for (const row of rows) {
        if (list.length > 0 && (row.kind !== 'item' || row.listId !== list[0].listId)) {
          yield* this.served(list);
          list = [];
        }
        if (row.kind === 'item') list.push(row);
        else yield this.watch(row, row.kind === 'watch of an impression' ? this.idOf(row) : '');
      }
    }
    if (list.length > 0) yield* this.served(list);
  }

  private async *drawnActivity(drawnCount: number): AsyncGenerator<Event> {
    for await (const lists of drawLists(readTimeline(this.staging), drawnCount)) {
      this.signal.throwIfAborted();
      for (const { watch, items } of lists) {
        if (items.length === 0) {
          yield this.watch(watch, '');
          continue;
        }
        const requestId = `${this.idOf(watch)}:drawn`;
        const impressionIdOf = (place: number) => `${requestId}:${place}`;
        yield this.list(
          watch,
          requestId,
          requestId,
          DRAWN,
          items.map((item, place) => itemOf(item, impressionIdOf(place), place, DRAWN)),
        );
        yield this.watch(watch, impressionIdOf(items.indexOf(watch)));
      }
    }
  }

  private *served(rows: readonly TimelineRow[]): Generator<Event> {
    const [{ listId, pageId, surface }] = rows;
    for (let from = 0; from < rows.length; from += MOST_ITEMS) {
      const requestId = from === 0 ? listId : `${listId}:${from / MOST_ITEMS}`;
      const items = rows.slice(from, from + MOST_ITEMS).map((row, n) => itemOf(row, this.idOf(row), from + n, ''));
      yield this.list(rows[0], requestId, pageId, surface, items);
    }
  }

  private list(row: TimelineRow, requestId: string, pageId: string, surface: string, items: ImpressionItem[]): Event {
    const { atMs, userId, country, device, hasProfile } = row;
    return this.eventOf(row, `served ${requestId}`, {
      $case: 'impressionsServed',
      value: {
        userId,
        requestId,
        pageId,
        // Logged in is who has a profile, as where lists are served.
        context: { requestedAtMs: atMs, surface, country, device, loggedIn: hasProfile, seedVideoId: '' },
        mark: undefined,
        snapshotId: '',
        rung: Rung.UNSPECIFIED,
        rungReason: '',
        items,
        experimentId: '',
        variantId: '',
        assignments: [],
        latencyMs: 0,
        exploredPlaces: [],
      },
    });
  }

  private watch(row: TimelineRow, impressionId: string): Event {
    const { userId, videoId, positionSeconds, facts, country, device } = row;
    const playbackId = this.idOf(row);
    return this.eventOf(row, `watch ${playbackId}`, {
      $case: 'watch',
      value: { userId, videoId, playbackId, impressionId, positionSeconds, video: facts, country, device },
    });
  }

  private idOf({ source, line }: TimelineRow): string {
    return `${this.dataset}:${this.staging.sources[source].name}:${line}`;
  }

  private eventOf({ atMs, toldAtMs }: TimelineRow, name: string, body: NonNullable<Event['body']>): Event {
    return this.event(atMs, name, body, toldAtMs);
  }

  /** @param toldAtMs what its id is made of: rows that come to a longer log later may spread those beside them otherwise */
  private event(atMs: number, name: string, body: NonNullable<Event['body']>, toldAtMs = atMs): Event {
    return {
      eventId: eventIdOf(toldAtMs, `${this.dataset} ${name}`),
      occurredAtMs: atMs,
      receivedAtMs: atMs,
      producer: `import:${this.dataset}`,
      backfill: true,
      body,
    };
  }
}

function itemOf(
  { videoId, facts }: TimelineRow,
  impressionId: string,
  position: number,
  source: string,
): ImpressionItem {
  return {
    impressionId,
    videoId,
    position,
    video: facts,
    source,
    sourceScore: 0,
    score: undefined,
    featuresChecksum: undefined,
    propensity: 0,
    team: '',
  };
}
