/** From which snapshots lists were served. It is no column of the archive, so lists are decoded, and a sample is enough. */
import { type ArchiveTable, sqlText } from '@watchnext/event-archive';
import type { Experiment, SnapshotUse } from '@watchnext/experiments';
import { NO_MACHINES } from './exposure-tables';
import { chooseLists, readServedLists } from './served-lists';

/** Lists of a variant that are decoded: their share is known to half a percent. */
const MOST_LISTS = 20_000;

/**
 * Of the variants that have users, where any of them names a snapshot; of interleaved lists only those that name one, as the others
 * have no lists of their own. After `createExposureTables`.
 */
export async function readSnapshotUse(
  table: ArchiveTable,
  { design, name, start, variants }: Experiment,
  untilMs: number,
): Promise<SnapshotUse[]> {
  const served = variants.filter(({ share }) => share > 0);
  if (served.every(({ serving }) => serving.snapshotId === undefined)) return [];
  const uses: SnapshotUse[] = [];
  for (const { name: variant, serving } of served) {
    const pinned = serving.snapshotId;
    if (design === 'interleaved' && pinned === undefined) continue;
    const assigned = `(^|;)${name}=${design === 'interleaved' ? '' : variant}(;|$)`;
    const where = `occurred_at_ms >= ${start} AND occurred_at_ms < ${untilMs}
      AND regexp_matches(assignments, ${sqlText(assigned)}) AND ${NO_MACHINES}`;
    await chooseLists(table, where, MOST_LISTS);
    let lists = 0;
    const bySnapshot = new Map<string, number>();
    for await (const { served: list } of readServedLists(table)) {
      // One that was not drafted is the control's alone, and credits nobody: the treatment's came late, or less than full.
      if (design === 'interleaved' && !list.items.some(({ team }) => team !== '')) continue;
      lists++;
      // Lists of memory, and those drafted of two snapshots, name none.
      if (list.snapshotId !== '') bySnapshot.set(list.snapshotId, (bySnapshot.get(list.snapshotId) ?? 0) + 1);
    }
    uses.push({ variant, pinned, lists, bySnapshot });
  }
  return uses;
}
