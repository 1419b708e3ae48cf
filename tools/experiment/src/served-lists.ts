/** Lists as they were served, item by item: decoded from the archived events, so of a bounded number of them. */
import { Event, type ImpressionsServed } from '@watchnext/contract';
import type { ArchiveTable } from '@watchnext/event-archive';

export interface ServedList {
  readonly served: ImpressionsServed;
  readonly atMs: number;
}

/**
 * At most `limit` lists: where there are more, the same ones each time, chosen by a hash of their requests.
 *
 * @param where SQL over the view `events`. Duplicates of a request come once
 */
export async function readServedLists(table: ArchiveTable, where: string, limit: number): Promise<ServedList[]> {
  // Events are large: the ones to decode are chosen by their ids first.
  const rows = await table.rows(`
    WITH chosen AS (
      SELECT request_id FROM events WHERE kind = 'impressions_served' AND ${where}
      GROUP BY request_id ORDER BY hash(request_id), request_id LIMIT ${limit}
    )
    SELECT value, occurred_at_ms::DOUBLE AS at_ms FROM events SEMI JOIN chosen USING (request_id)
    WHERE kind = 'impressions_served' AND ${where}
    QUALIFY row_number() OVER (PARTITION BY request_id ORDER BY occurred_at_ms) = 1
    ORDER BY request_id`);
  return (rows as { value: Uint8Array; at_ms: number }[]).flatMap(({ value, at_ms }) => {
    const { body } = Event.decode(value);
    return body?.$case === 'impressionsServed' ? [{ served: body.value, atMs: at_ms }] : [];
  });
}

export interface Playback {
  readonly watchSeconds: number;
  readonly startedAtMs: number;
}

/** Playbacks by the impression that led to them; of several of one impression the first. */
export async function readPlaybacks(
  table: ArchiveTable,
  fromMs: number,
  endMs: number,
): Promise<Map<string, Playback>> {
  const rows = await table.rows(`
    SELECT impression_id, arg_min(seconds, at_ms)::DOUBLE AS seconds, min(at_ms)::DOUBLE AS at_ms FROM (
      SELECT impression_id, playback_id, max(position_seconds) AS seconds, min(occurred_at_ms) AS at_ms FROM events
      WHERE kind = 'watch' AND impression_id IS NOT NULL AND occurred_at_ms >= ${fromMs} AND occurred_at_ms < ${endMs}
      GROUP BY impression_id, playback_id
    ) GROUP BY impression_id`);
  return new Map(
    (rows as { impression_id: string; seconds: number; at_ms: number }[]).map((row) => [
      row.impression_id,
      { watchSeconds: row.seconds, startedAtMs: row.at_ms },
    ]),
  );
}
