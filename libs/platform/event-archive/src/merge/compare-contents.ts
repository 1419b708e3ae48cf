/** Whether a file has the records of smaller ones, which is asked before those are removed. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { describeFailure, selectParts } from '../parquet-reader';
import { type FilePart, groupInOrder, planReading } from '../read-plan';
import type { ArchiveStorage } from '../storage';
import type { Covering } from './merge-plan';

export interface Difference {
  /** Records that the covering file has, in the ranges of the covered ones, and those lack. */
  readonly more: boolean;
  /** And the other way round. */
  readonly fewer: boolean;
}

/** Of a record, all that it was in the log. */
const FINGERPRINT =
  '"offset"::BIGINT AS "offset", hash("offset"::BIGINT, timestamp_ms::BIGINT, key, value) AS fingerprint';

/** @throws ArchiveCorruptError, also for a file that is gone, what the storage throws, and the reason of `signal` */
export async function compareContents(
  connection: DuckDBConnection,
  storage: ArchiveStorage,
  { file, covered }: Covering,
  signal?: AbortSignal,
): Promise<Difference> {
  const difference = { more: false, fewer: false };
  const whole = await storage.fetch([{ file, fromOffset: undefined }], true);
  try {
    const parts = planReading(covered).flatMap((plan) => plan.parts);
    for (const group of groupInOrder(parts, storage.localLimitBytes)) {
      signal?.throwIfAborted();
      const { parts: local, release } = await storage.fetch(group, true);
      try {
        const small = `(${selectParts(FINGERPRINT, local)})`;
        const large = `(SELECT * FROM (${selectParts(FINGERPRINT, whole.parts)}) WHERE ${rangesOf(group)})`;
        if ((await summary(connection, small)) === (await summary(connection, large))) continue;
        difference.more ||= await hasOthers(connection, large, small);
        difference.fewer ||= await hasOthers(connection, small, large);
      } catch (error) {
        throw await describeFailure(connection, [...whole.parts, ...local], error);
      } finally {
        release();
      }
    }
    return difference;
  } finally {
    whole.release();
  }
}

/** The same of the same records, in whichever order; of others it is once in 10^19. */
async function summary(connection: DuckDBConnection, records: string): Promise<string> {
  const result = await connection.runAndReadAll(
    `SELECT count(*)::VARCHAR, sum(fingerprint::HUGEINT)::VARCHAR FROM ${records}`,
  );
  return JSON.stringify(result.getRows()[0]);
}

async function hasOthers(connection: DuckDBConnection, of: string, than: string): Promise<boolean> {
  const result = await connection.runAndReadAll(
    `SELECT count(*)::DOUBLE FROM ${of} ANTI JOIN ${than} USING ("offset", fingerprint)`,
  );
  return (result.getRows()[0] as [number])[0] > 0;
}

/** As SQL: what lies in the ranges of these files, neighbours as one. */
function rangesOf(parts: readonly FilePart[]): string {
  const ranges: { from: number; to: number }[] = [];
  for (const { file, fromOffset } of parts) {
    const last = ranges.at(-1);
    const from = fromOffset ?? file.firstOffset;
    if (last && from === last.to + 1) last.to = file.lastOffset;
    else ranges.push({ from, to: file.lastOffset });
  }
  return ranges.map(({ from, to }) => `"offset" BETWEEN ${from} AND ${to}`).join(' OR ');
}
