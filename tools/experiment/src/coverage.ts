/**
 * How much of the catalogue a variant shows. The more lists, the more videos, so equally many lists of each variant are
 * looked at; users are dealt into groups by a hash, and what the groups differ by tells the error.
 */
import { type ArchiveTable, sqlText } from '@watchnext/event-archive';
import { boundary, type Experiment, hashPoint, type Interval, testSettings } from '@watchnext/experiments';
import { mean } from '@watchnext/learning';
import { NO_MACHINES } from './exposure-tables';
import { chooseLists, readServedLists } from './served-lists';

export interface CoverageResult {
  readonly listsEach: number;
  /** Distinct videos in `listsEach / GROUPS` lists, mean over the groups. */
  readonly controlVideos: number;
  readonly treatmentVideos: number;
  readonly lift: number;
  /** Valid at every look. */
  readonly interval: Interval;
}

const GROUPS = 20;
/** Lists of a variant that are decoded. */
const MOST_LISTS = 20_000;

/** By variant; undefined for the control, and where a group would be empty. After `createExposureTables`. */
export async function readCoverage(
  table: ArchiveTable,
  experiment: Experiment,
  untilMs: number,
): Promise<(CoverageResult | undefined)[]> {
  const { name, start, variants } = experiment;
  const groups: string[][][][] = [];
  for (const variant of variants) {
    await chooseLists(
      table,
      `occurred_at_ms >= ${start} AND occurred_at_ms < ${untilMs}
        AND regexp_matches(assignments, ${sqlText(`(^|;)${name}=${variant.name}(;|$)`)}) AND ${NO_MACHINES}`,
      MOST_LISTS,
    );
    const dealt: string[][][] = Array.from({ length: GROUPS }, () => []);
    for await (const { served } of readServedLists(table))
      dealt[Math.floor(GROUPS * hashPoint('coverage', served.userId))].push(served.items.map((item) => item.videoId));
    groups.push(dealt);
  }
  const size = Math.min(...groups.filter((_, i) => variants[i].share > 0).flatMap((own) => own.map((g) => g.length)));
  if (size < 1) return variants.map(() => undefined);
  const counts = groups.map((own) => own.map((lists) => new Set(lists.slice(0, size).flat()).size));
  const treatmentCount = variants.filter(({ share }, index) => index > 0 && share > 0).length;
  return counts.map((own, index) => {
    if (index === 0 || variants[index].share === 0) return undefined;
    const { alpha, tauSquared } = testSettings(experiment, treatmentCount);
    const [control, treatment] = [meanAndError(counts[0]), meanAndError(own)];
    const logRatio = Math.log(treatment.mean / control.mean);
    const error = Math.hypot(control.error / control.mean, treatment.error / treatment.mean);
    const reach = error > 0 ? boundary(error ** -2, tauSquared, alpha) * error : 0;
    return {
      listsEach: size * GROUPS,
      controlVideos: control.mean,
      treatmentVideos: treatment.mean,
      lift: Math.expm1(logRatio),
      interval: { low: Math.expm1(logRatio - reach), high: Math.expm1(logRatio + reach) },
    };
  });
}

function meanAndError(values: readonly number[]): { mean: number; error: number } {
  const center = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
  return { mean: center, error: Math.sqrt(variance / values.length) };
}
