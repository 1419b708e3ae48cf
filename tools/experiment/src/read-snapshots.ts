/** From which snapshots lists were served. It is no column of the archive, so lists are decoded, and a sample is enough. */
import { type ArchiveTable, sqlText } from '@watchnext/event-archive';
import type { Experiment, SnapshotUse } from '@watchnext/experiments';
import { NO_MACHINES } from './exposure-tables';
import { chooseLists, readServedLists } from './served-lists';

/** Lists of a variant that are decoded: their share is known to half a percent. */
const MOST_LISTS = 20_000;

/** Of the variants that name a snapshot and have users. After `createExposureTables`. */
export async function readSnapshotUse(
  table: ArchiveTable,
  { design, name, start, variants }: Experiment,
  untilMs: number,
): Promise<SnapshotUse[]> {
  const uses: SnapshotUse[] = [];
  for (const { name: variant, share, serving } of variants) {
    if (serving.snapshotId === undefined || share === 0) continue;
    const assigned = `(^|;)${name}=${design === 'interleaved' ? '' : variant}(;|$)`;
    const where = `occurred_at_ms >= ${start} AND occurred_at_ms < ${untilMs}
      AND regexp_matches(assignments, ${sqlText(assigned)}) AND ${NO_MACHINES}`;
    await chooseLists(table, where, MOST_LISTS);
    let [lists, otherLists] = [0, 0];
    for await (const { served } of readServedLists(table)) {
      // One that was not drafted is the control's alone, and credits nobody: the treatment's came late, or less than full.
      if (design === 'interleaved' && !served.items.some(({ team }) => team !== '')) continue;
      lists++;
      // Lists of memory, and those drafted of two snapshots, name none.
      if (served.snapshotId !== '' && served.snapshotId !== serving.snapshotId) otherLists++;
    }
    uses.push({ variant, lists, otherLists });
  }
  return uses;
}
