/** What is trained and put into the table beside the default: other objectives, other towers, parts left out, older counts. */
import { defaultRankingConfig, rankingSettings, type RankingModelConfig } from '@watchnext/ranking-model';
import { settingOf } from '../command-arguments';
import { UsageError } from '../exit-codes';

export interface RankingVariant {
  readonly name: string;
  readonly change: Partial<RankingModelConfig>;
  /** By how much counts over all users are older than those of the whole days before; default: by nothing. */
  readonly countsOlderMs?: CountsOlderMs;
}

export interface CountsOlderMs {
  readonly training: number;
  readonly measuring: number;
}

const DEFAULT_VARIANT: RankingVariant = { name: 'model', change: {} };

/** Hidden layers in proportion to the default's: Table 1 of the paper, whose widest tower is 1024→512→256. */
const TABLE_1: readonly (readonly number[])[] = [[], [1], [2], [4], [2, 1], [4, 2], [4, 2, 1]];

/** As a snapshot's counts would be, if impressions were counted only once they are settled. */
const SETTLED_AFTER_MS = 24 * 3_600_000;

/** Sets of rows, by what they show; each beside the default. */
const RANKING_COMPARISONS = {
  objectives: [
    { name: "paper's form", change: { objective: 'paper' } },
    { name: 'equal weights', change: { objective: 'click' } },
  ],
  parts: [
    { name: 'no powers', change: { powers: false } },
    { name: 'no click head', change: { clickHead: false } },
    { name: 'one training', change: { members: 1 } },
    { name: 'not calibrated', change: { calibrated: false } },
  ],
  searches: [
    { name: 'mean of searches', change: { searches: 'mean' } },
    { name: 'newest search', change: { searches: 'last' } },
    { name: 'mean and newest', change: { searches: 'mean-and-last' } },
  ],
  crosses: [
    { name: 'user × surface', change: { crosses: ['user-surface'] } },
    { name: 'surface × channel', change: { crosses: ['surface-channel'] } },
    { name: 'both crosses', change: { crosses: ['user-surface', 'surface-channel'] } },
  ],
  precision: [{ name: 'int8', change: { precision: 'int8' } }],
  schedule: [
    { name: 'constant rate', change: { learningRateDecay: 'constant' } },
    { name: 'cosine', change: { learningRateDecay: 'cosine' } },
    { name: 'warm-up, linear', change: { learningRateWarmUp: 0.05 } },
    { name: 'warm-up, cosine', change: { learningRateWarmUp: 0.05, learningRateDecay: 'cosine' } },
  ],
  clipping: [
    { name: 'clipped at 2', change: { gradientClip: 2 } },
    { name: 'clipped at 5', change: { gradientClip: 5 } },
    { name: 'clipped at 15', change: { gradientClip: 15 } },
  ],
  counts: [
    { name: 'older counts', change: {}, countsOlderMs: { training: 0, measuring: SETTLED_AFTER_MS } },
    {
      name: 'older, in training too',
      change: {},
      countsOlderMs: { training: SETTLED_AFTER_MS, measuring: SETTLED_AFTER_MS },
    },
  ],
} as const satisfies Record<string, readonly RankingVariant[]>;

export const RANKING_COMPARISON_NAMES = [...Object.keys(RANKING_COMPARISONS), 'layers'];

/** What defaults depend on. */
export type DataSize = Parameters<typeof defaultRankingConfig>[0];

/**
 * @param compare names of `RANKING_COMPARISON_NAMES`
 * @param set changes of the default, as "members=1"
 * @returns the rows for data of a size, the default first; names of hidden layers depend on it, as the default's layers do
 * @throws UsageError for a name or a setting that there is not
 */
export function rankingVariants(
  compare: readonly string[],
  set: readonly string[] = [],
): (size: DataSize) => RankingVariant[] {
  const base = rankingChange(set);
  const rowsOf = compare.map((name): ((size: DataSize) => readonly RankingVariant[]) => {
    if (name === 'layers') return (size) => layersOf(size, base);
    if (Object.hasOwn(RANKING_COMPARISONS, name))
      return () => RANKING_COMPARISONS[name as keyof typeof RANKING_COMPARISONS];
    throw new UsageError(`there is no comparison "${name}", but ${RANKING_COMPARISON_NAMES.join(', ')}`);
  });
  return (size) =>
    [DEFAULT_VARIANT, ...rowsOf.flatMap((rows) => rows(size))].map((row) => ({
      ...row,
      change: { ...base, ...row.change },
    }));
}

/**
 * Of half the default's last layer as the unit: with the default 128→64, from none to 128→64→32. Where the default was set to
 * no hidden layer, the one for the size of the data has the unit.
 */
function layersOf(size: DataSize, { hiddenSizes: set = [] }: Partial<RankingModelConfig>): RankingVariant[] {
  const { hiddenSizes: ofSize } = defaultRankingConfig(size);
  // What was set to something that is no list is refused, with its reason, by the training of the first row.
  const sizes = Array.isArray(set) && set.length > 0 ? set : ofSize;
  const unit = Math.max(1, Math.round(Math.min(...sizes) / 2));
  return TABLE_1.map((units) => {
    const hiddenSizes = units.map((count) => count * unit);
    return { name: hiddenSizes.length === 0 ? 'no hidden layer' : hiddenSizes.join('→'), change: { hiddenSizes } };
  });
}

/**
 * @param set changes of the default, as "members=1"
 * @throws UsageError for a setting that there is not
 */
export function rankingChange(set: readonly string[]): Partial<RankingModelConfig> {
  const known = rankingSettings();
  return Object.fromEntries(
    set.map((assignment) => {
      const setting = settingOf(assignment);
      if (!setting || !known.includes(setting[0]))
        throw new UsageError(`"${assignment}" sets nothing: settings are ${known.join(', ')}, as members=1`);
      return setting;
    }),
  );
}
