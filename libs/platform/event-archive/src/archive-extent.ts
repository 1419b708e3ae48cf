/** How much an archive holds of a topic, and of which days. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { DAY_MS, type DayOfLog, LIMITS } from '@watchnext/features';
import { describeFailure, selectParts } from './parquet-reader';
import type { ArchiveExtent } from './port';
import { type FilePart, groupInOrder } from './read-plan';
import type { ArchiveStorage } from './storage';

export const NO_EXTENT: ArchiveExtent = {
  recordCount: 0,
  fileCount: 0,
  minOccurredAtMs: undefined,
  maxOccurredAtMs: undefined,
  days: [],
};

/**
 * The archive has the dead letters too, and one clock that is wrong must not end its log: an event occurred before its receipt, as `refuse`
 * asks, and before its record was written, where that is known. That only the end is held to, and no event (decision 177).
 */
const HAS_OCCURRED = `occurred_at_ms <= ${LIMITS.clockAheadMs} +
  least(nullif(received_at_ms, 0), CASE WHEN timestamp_ms > 0 THEN timestamp_ms END)`;

/**
 * Of all these parts; of no more of them at once than may be local.
 * @throws ArchiveCorruptError, EventArchiveError
 */
export async function extentOf(
  connection: DuckDBConnection,
  storage: ArchiveStorage,
  parts: readonly FilePart[],
): Promise<ArchiveExtent> {
  let extent = NO_EXTENT;
  for (const piece of groupInOrder(parts, storage.localLimitBytes)) {
    const local = await storage.fetch(piece, false);
    try {
      extent = joinExtents(extent, await askExtent(connection, local.parts));
    } finally {
      local.release();
    }
  }
  return extent;
}

async function askExtent(connection: DuckDBConnection, parts: readonly FilePart[]): Promise<ArchiveExtent> {
  try {
    const result = await connection.run(`
      SELECT CASE WHEN ${HAS_OCCURRED} THEN floor(occurred_at_ms / ${DAY_MS}) END AS day,
        count(*)::DOUBLE, min(occurred_at_ms)::DOUBLE, max(occurred_at_ms)::DOUBLE
      FROM (${selectParts('occurred_at_ms, received_at_ms, timestamp_ms', parts)}) GROUP BY day ORDER BY day`);
    const rows = (await result.getRows()) as [number | null, number, number | null, number | null][];
    const days = rows.flatMap(([day, count, firstMs, lastMs]) =>
      day === null ? [] : [{ firstMs: firstMs!, lastMs: lastMs!, count }],
    );
    return {
      recordCount: rows.reduce((sum, [, count]) => sum + count, 0),
      fileCount: parts.length,
      minOccurredAtMs: leastOf(rows.map(([, , min]) => min ?? undefined)),
      maxOccurredAtMs: days.at(-1)?.lastMs,
      days,
    };
  } catch (error) {
    throw await describeFailure(connection, parts, error);
  }
}

function joinExtents(a: ArchiveExtent, b: ArchiveExtent): ArchiveExtent {
  const days = joinDays(a.days, b.days);
  return {
    recordCount: a.recordCount + b.recordCount,
    fileCount: a.fileCount + b.fileCount,
    minOccurredAtMs: leastOf([a.minOccurredAtMs, b.minOccurredAtMs]),
    maxOccurredAtMs: days.at(-1)?.lastMs,
    days,
  };
}

function leastOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((least, value) => Math.min(least, value));
}

function joinDays(...lists: readonly (readonly DayOfLog[])[]): DayOfLog[] {
  const byDay = new Map<number, DayOfLog>();
  for (const { firstMs, lastMs, count } of lists.flat()) {
    const day = Math.floor(firstMs / DAY_MS);
    const known = byDay.get(day) ?? { firstMs, lastMs, count: 0 };
    byDay.set(day, {
      firstMs: Math.min(known.firstMs, firstMs),
      lastMs: Math.max(known.lastMs, lastMs),
      count: known.count + count,
    });
  }
  return [...byDay.values()].sort((one, other) => one.firstMs - other.firstMs);
}
