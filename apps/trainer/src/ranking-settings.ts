import { checkConfig, defaultRankingConfig, type RankingModelConfig, rankingSettings } from '@watchnext/ranking-model';
import { parseModelChange } from './model-settings';

export type RankingChange = Partial<RankingModelConfig>;

/** The command line has options of their own for these. */
const BY_OPTION = ['objective', 'precision'];

/**
 * Settings of the ranking model that are not to be the defaults for the size of the data, from JSON: `{"members":1}`.
 * @throws Error naming the setting that is not known or out of range
 */
export function parseRankingChange(text: string): RankingChange {
  const known = rankingSettings().filter((name) => !BY_OPTION.includes(name));
  return parseModelChange<RankingModelConfig>(text, '{"members":1}', known, (change) =>
    checkConfig({ ...defaultRankingConfig({ exampleCount: 100_000, videoCount: 1_000 }), ...change }),
  );
}
