/** Lists as they were served, item by item: decoded from the archived events, so of a bounded number of them. */
import { Event, type ImpressionItem, type ImpressionsServed } from '@watchnext/contract';
import type { ArchiveTable } from '@watchnext/event-archive';
import { CLOCK_MS, LIST_OF_IMPRESSION } from './exposure-tables';

export interface ServedList {
  readonly served: ImpressionsServed;
  readonly atMs: number;
}

/**
 * Makes the temporary table `chosen` of at most `limit` lists: where there are more, the same ones each time, chosen by a
 * hash of their requests. Lists stay in the archive: a million decoded ones do not fit into memory.
 *
 * @param where SQL over the view `events`
 */
export async function chooseLists(table: ArchiveTable, where: string, limit: number): Promise<void> {
  await table.run(`
    CREATE OR REPLACE TEMP TABLE chosen AS
    SELECT request_id, min(occurred_at_ms) AS at_ms, arg_min("partition", occurred_at_ms) AS "partition",
      arg_min("offset", occurred_at_ms) AS "offset"
    FROM events WHERE kind = 'impressions_served' AND ${where}
    GROUP BY request_id ORDER BY hash(request_id), request_id LIMIT ${limit}`);
}

/**
 * The chosen lists one by one, duplicates of a request once, in the order of the hash: requests are named by their time, and
 * whoever looks at the first of them only must not see the first days only.
 */
export async function* readServedLists(table: ArchiveTable): AsyncGenerator<ServedList> {
  const batches = table.batches(`
    SELECT value, chosen.at_ms::DOUBLE AS at_ms FROM events JOIN chosen USING ("partition", "offset")
    ORDER BY hash(chosen.request_id), chosen.request_id`);
  for await (const batch of batches) {
    for (const { value, at_ms } of batch as { value: Uint8Array; at_ms: number }[]) {
      const { body } = Event.decode(value);
      if (body?.$case === 'impressionsServed') yield { served: body.value, atMs: at_ms };
    }
  }
}

export interface Playback {
  readonly watchSeconds: number;
  readonly startedAtMs: number;
}

/** What was watched of the chosen lists. */
export class Playbacks {
  constructor(private readonly byImpression: ReadonlyMap<string, Playback>) {}

  /**
   * The playback of the item's own video that its impression led to, the first of several; undefined: none within a day of the
   * serving, on either side.
   */
  of({ impressionId, videoId }: ImpressionItem, servedAtMs: number): Playback | undefined {
    const playback = this.byImpression.get(keyOf(impressionId, videoId));
    return playback && Math.abs(playback.startedAtMs - servedAtMs) <= CLOCK_MS ? playback : undefined;
  }
}

/** @param fromMs of the lists. @param endMs of the lists, exclusive. After `chooseLists` */
export async function readPlaybacks(table: ArchiveTable, fromMs: number, endMs: number): Promise<Playbacks> {
  const batches = table.batches(`
    SELECT impression_id, video_id, arg_min(seconds, at_ms)::DOUBLE AS seconds, min(at_ms)::DOUBLE AS at_ms FROM (
      SELECT impression_id, video_id, playback_id, max(position_seconds) AS seconds, min(occurred_at_ms) AS at_ms
      FROM events
      WHERE kind = 'watch' AND ${LIST_OF_IMPRESSION} IN (SELECT request_id FROM chosen)
        AND occurred_at_ms >= ${fromMs - CLOCK_MS} AND occurred_at_ms < ${endMs + CLOCK_MS}
      GROUP BY impression_id, video_id, playback_id
    ) GROUP BY impression_id, video_id`);
  const byImpression = new Map<string, Playback>();
  for await (const batch of batches) {
    for (const row of batch as { impression_id: string; video_id: string; seconds: number; at_ms: number }[]) {
      const playback = { watchSeconds: row.seconds, startedAtMs: row.at_ms };
      byImpression.set(keyOf(row.impression_id, row.video_id), playback);
    }
  }
  return new Playbacks(byImpression);
}

/** Ids hold no control characters, so the pair has one spelling. */
const keyOf = (impressionId: string, videoId: string) => `${impressionId}\n${videoId}`;
