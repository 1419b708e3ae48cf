/** Means over seeds with intervals, and the table of them. */
import { alignColumns, percent } from '@watchnext/command-line';
import { meanOverSeeds, type SeedMean } from '@watchnext/evaluation';
import { mean } from '@watchnext/learning';
import type { ListEffect, ListEvaluation } from '@watchnext/simulator';

const NORMAL = 1.96;

/** The mean of what several seeds found; one seed alone: its interval over viewers. */
export function effectOverSeeds(effects: readonly ListEffect[]): SeedMean {
  const [{ meanWatchSeconds, standardError }] = effects;
  if (effects.length === 1) return { mean: meanWatchSeconds, halfWidth: NORMAL * standardError };
  return meanOverSeeds(effects.map((effect) => effect.meanWatchSeconds));
}

export interface ListSummary {
  readonly name: string;
  readonly watchSeconds: SeedMean;
  /** Mean of the seeds' shares. */
  readonly shareOfOracle: number;
  readonly clicks: number;
  readonly clickbaitShare: number;
}

/** @param bySeed each seed's rows, the same lists in the same order. One seed alone: intervals over its viewers */
export function summarise(bySeed: readonly (readonly ListEvaluation[])[]): ListSummary[] {
  return bySeed[0].map(({ name, meanWatchSeconds, standardError }, place) => {
    const rows = bySeed.map((evaluation) => evaluation[place]);
    return {
      name,
      watchSeconds:
        rows.length > 1
          ? meanOverSeeds(rows.map((row) => row.meanWatchSeconds))
          : { mean: meanWatchSeconds, halfWidth: NORMAL * standardError },
      shareOfOracle: mean(rows.map((row) => row.shareOfOracle)),
      clicks: mean(rows.map((row) => row.meanClicks)),
      clickbaitShare: mean(rows.map((row) => row.clickbaitShare)),
    };
  });
}

export function formatSummary(rows: readonly ListSummary[]): string {
  const cells = rows.map((row) => [
    row.name,
    `${row.watchSeconds.mean.toFixed(0)} ± ${row.watchSeconds.halfWidth.toFixed(0)}`,
    percent(row.shareOfOracle),
    row.clicks.toFixed(2),
    percent(row.clickbaitShare, 0),
  ]);
  return alignColumns([['list', 'watch seconds, 95%', 'of oracle', 'clicks', 'clickbait'], ...cells]);
}
