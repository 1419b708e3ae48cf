import { checkConfig, defaultRankingConfig, type RankingModelConfig, rankingSettings } from '@watchnext/ranking-model';
import { parseModelChange } from './model-settings';

export type RankingChange = Partial<RankingModelConfig>;

/** @throws RangeError where settings do not go together, before a run has begun that would find out at its end */
export function checkTogether(change: RankingChange): void {
  // A stand-in: whether settings are in range does not depend on the data.
  checkConfig({ ...defaultRankingConfig({ exampleCount: 100_000, videoCount: 1_000 }), ...change });
}

/** The command line has options of their own for these. */
const BY_OPTION = ['objective', 'precision'];

/**
 * Settings of the ranking model that are not to be the defaults for the size of the data, from JSON: `{"members":1}`.
 * @throws Error naming the setting that is not known or out of range
 */
export function parseRankingChange(text: string): RankingChange {
  const known = rankingSettings().filter((name) => !BY_OPTION.includes(name));
  return parseModelChange<RankingModelConfig>(text, '{"members":1}', known, checkTogether);
}
